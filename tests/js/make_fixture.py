"""Writes attention.json: a small attention and what `exbert_hub.analysis` makes of it, for both languages to check."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from exbert_hub.analysis import attention as maths
from tests.page_maths import head_matrices, merge_words, top_edges

HERE = Path(__file__).parent
HEADS, PIECES = 3, 7
WORDS = [0, 1, 1, 1, 2, 2, 3]  # of the pieces


def fixture() -> dict[str, object]:
    rng = np.random.default_rng(7)
    scores = rng.normal(0, 2, (HEADS, PIECES, PIECES))
    exact = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    codes = maths.encode_sqrt(exact)
    attention = maths.decode_sqrt(codes)
    visible = np.array([False, *[True] * (PIECES - 2), False])
    chosen = maths.aggregate(attention, [0, 2])
    out, into = head_matrices(attention, visible)
    return {
        "codes": codes.ravel().tolist(),
        "heads": HEADS,
        "pieces": PIECES,
        "special": (~visible).tolist(),
        "chosen": [0, 2],
        "aggregate": chosen.ravel().tolist(),
        "edges": {
            str(share): np.argwhere(top_edges(chosen, share, visible)).tolist() for share in (0.0, 0.3, 0.7, 1.0)
        },
        "out": out.ravel().tolist(),
        "words": WORDS,
        "merged": merge_words(attention, WORDS, WORDS).ravel().tolist(),
        "into": into.ravel().tolist(),
    }


if __name__ == "__main__":
    (HERE / "attention.json").write_text(json.dumps(fixture()) + "\n", encoding="utf-8")
