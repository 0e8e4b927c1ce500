"""Write docs/architectures.md, summary and tables, from the table that tests/unit/model/test_architectures.py checks
row by row."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.tiny_models import (  # noqa: E402
    DECODERS,
    ENCODER_DECODERS,
    ENCODERS,
    HYBRIDS,
    MIXTURES,
    UNSUPPORTED,
    Architecture,
)

GROUPS: tuple[tuple[str, Sequence[Architecture]], ...] = (
    ("Encoders", ENCODERS),
    ("Decoders", DECODERS),
    ("Decoders with mixtures of experts", MIXTURES),
    ("Hybrids", HYBRIDS),
    ("Encoder-decoders", ENCODER_DECODERS),
)
PREDICTIONS = {
    "masked": "at the piece",
    "causal": "next piece",
    "seq2seq": "next piece of the decoder",
    "encoder": "no",
}
STACKS = {"masked": "encoder", "encoder": "encoder", "causal": "decoder", "seq2seq": "encoder, decoder, cross"}

INTRODUCTION = """\
# Architectures

Encoders, decoders and encoder-decoders, with or without a language-model head, grouped-query attention, shared layers,
and hybrids with attention in some layers only.
"""

EXPLANATION = """\
This page is written by `make architectures` from the table in `tests/tiny_models.py`. Every row is tested with random
weights: the last hidden state equals the plain forward pass (relative 1e-5), all hidden states have one width,
`attention @ value` equals the head context unless the note says otherwise, heads and layers are where they belong, and
texts of different lengths come out of one batch as each does alone.

The tables do not limit what may be loaded: any model of transformers is tried. Fine-tuned variants, and models that
reuse one of these configurations (most of the Hub), work alike. A checkpoint without a language-model head shows no
predictions.

## How a model is read

*interface*: the model follows transformers' attention interface. The function that the interface returns is wrapped,
and while a text is inspected, its output and its weights are recorded. *function mode*: for other models, torch
functions are followed from `softmax` into the product that consumes it, and the weights of direct calls to
`scaled_dot_product_attention` are computed. Layers are distinguished by the number of the block that runs, shared
layers by the order of their calls. Whether a model is causal is read from its attention.

- Some models compute something different for a text that is padded. A probe at loading time finds out, and builds then
  run only texts of the same length together, which is slower.
- Where the body of a model projects its last state to another width, the last state is taken before the projection.
- Where a model carries several residual streams, its states are those of the first.

*norms*: value-weighted attention (`inspect(..., norms=True)`) was found and adds up to the output of the attention.
*lens*: the model's head reads the states of inner layers (`seen.lens(...)`). Heads can be silenced in every
architecture of the tables. [Beyond attention](beyond_attention.md) says what stands in the way where there is a *no*.
"""


def table() -> str:
    """The whole page."""
    parts = [INTRODUCTION, summary(), EXPLANATION]
    header = (
        "architecture",
        "kind",
        "capture",
        "stacks",
        "attention",
        "contexts",
        "predictions",
        "norms",
        "lens",
        "notes",
    )
    for title, rows in GROUPS:
        lines = [
            (
                row.name,
                row.kind,
                row.path,
                STACKS[row.kind],
                layers(row.heads),
                layers(row.heads),
                PREDICTIONS[row.kind],
                "no" if row.no_norms else "yes",
                "yes" if row.lens and row.kind != "encoder" else "no",
                row.note,
            )
            for row in rows
        ]
        parts.append(f"## {title}\n\n{markdown(header, lines)}")
    refused = [(row.name, row.why) for row in UNSUPPORTED]
    parts.append(
        "## Refused\n\nThese load in transformers and are refused with a `NoAttentionError` that says why.\n\n"
        + markdown(("architecture", "from the message"), refused)
    )
    count = sum(len(rows) for _, rows in GROUPS)
    parts.append(f"{count} architectures shown, {len(UNSUPPORTED)} refused.\n")
    return "\n".join(parts)


def layers(heads: Sequence[int]) -> str:
    return "yes" if all(heads) else "in some layers"


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def summary() -> str:
    """One line a group."""
    rows = [(title, str(len(group)), ", ".join(row.name for row in group)) for title, group in GROUPS]
    rows.append(("Refused, with the reason", str(len(UNSUPPORTED)), ", ".join(row.name for row in UNSUPPORTED)))
    return markdown(("kind", "tested", "architectures"), rows)


if __name__ == "__main__":
    (ROOT / "docs" / "architectures.md").write_text(table(), encoding="utf-8")
