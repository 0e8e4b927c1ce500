"""The numbers that the node tests use are those of `exbert_hub.analysis`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from .make_fixture import fixture


def test_fixture_is_what_the_analysis_room_computes() -> None:
    stored = json.loads((Path(__file__).parent / "attention.json").read_text(encoding="utf-8"))
    now = fixture()
    assert stored["edges"] == now["edges"]
    for name in ("codes", "aggregate", "out", "into", "merged"):
        np.testing.assert_allclose(stored[name], now[name], rtol=1e-6)
