"""Parts of an inspection as HTML, for notebooks."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

from exbert_hub.analysis.attention import encode_sqrt

from .types import Prediction, Tokens

PREDICTIONS = 5  # named per piece
PICTURED = 64  # pieces; above, a notebook would grow by a megabyte with each text


def pieces_html(tokens: Tokens, predicted: Sequence[Sequence[Prediction]]) -> str:
    """The pieces in a row.

    :param predicted: per piece, shown on hover; empty if these pieces have no predictions.
    """
    shown = (_piece(tokens, at, predicted[at] if predicted else ()) for at in range(len(tokens.pieces)))
    return f"<div>{''.join(shown)}</div>"


def _piece(tokens: Tokens, at: int, predicted: Sequence[Prediction]) -> str:
    style = "p s" if tokens.special[at] else "p"
    text, hint = escape(tokens.pieces[at]), escape(_likely(predicted)) if predicted else ""
    title = f' title="{at}{": " + hint if hint else ""}"'
    return f'<span class="{style}"{title}>{f"<mark>{text}</mark>" if tokens.masked[at] else text}</span>'


def predictions_html(
    where: str, places: Iterable[int], pieces: Sequence[str], predicted: Sequence[Sequence[Prediction]]
) -> str:
    """A row of predictions for each place.

    :param where: "at" or "after".
    """
    rows = "".join(
        f"<tr><td>{where} {at} {escape(pieces[at])}<td>{escape(_likely(predicted[at]))}</tr>" for at in places
    )
    return f"<table>{rows}</table>" if rows else ""


def _likely(predictions: Sequence[Prediction]) -> str:
    return ", ".join(f"{one.text} {one.probability:.0%}" for one in predictions[:PREDICTIONS])


def attention_html(attention: Sequence[np.ndarray | None]) -> str:
    """A grid of attention maps, from rows to columns within each: layers down, heads across.

    :param attention: [H, N, N] by layer, None where there is none.
    """
    there = [layer for layer in attention if layer is not None]
    size, across = max(len(layer[0]) for layer in there), max(map(len, there))
    if size > PICTURED:
        return f"<div class=q>attention is pictured up to {PICTURED} pieces</div>"
    grid = np.zeros((len(attention) * (size + 1), across * (size + 1)), np.uint8)
    for layer, heads in enumerate(attention):
        for head, weights in enumerate([] if heads is None else encode_sqrt(np.asarray(heads))):
            top, left = layer * (size + 1), head * (size + 1)
            grid[top : top + size, left : left + size] = weights
    scale = max(1, 640 // grid.shape[1])
    return (
        f"<div class=q>attention, layers down, heads across; darker is more</div>"
        f'<img alt="attention of every head" width={grid.shape[1] * scale} '
        f'src="data:image/png;base64,{_png(255 - grid)}">'
    )


def _png(grey: np.ndarray) -> str:
    from PIL import Image

    content = io.BytesIO()
    Image.fromarray(grey).save(content, "PNG", optimize=True)
    return base64.b64encode(content.getvalue()).decode()
