"""The stored indexes and models, opened once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from .stored import EXPECTED, Stored


@pytest.fixture(scope="session")
def stored() -> Stored:
    return Stored()


@pytest.fixture(scope="session")
def expected() -> Callable[[str], Any]:
    """The answers of a file, by its name without the ending."""
    return lambda name: json.loads((EXPECTED / f"{name}.json").read_text(encoding="utf-8"))
