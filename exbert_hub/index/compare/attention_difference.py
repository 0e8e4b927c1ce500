"""The attention of one inspection taken from that of another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from exbert_hub.analysis.attention import word_attention
from exbert_hub.errors import UnsupportedError

if TYPE_CHECKING:
    from exbert_hub.model import Inspection

_WORD = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, eq=False)
class AttentionDifference:
    """Attention of the second inspection minus that of the first, layer by layer."""

    unit: Literal["piece", "word"]
    tokens: tuple[tuple[str, ...], tuple[str, ...]]  # N of each side
    mean_of_heads: bool  # the models have not the same heads: each layer has one matrix, of the mean over its heads
    layers: tuple[np.ndarray | None, ...]  # float32 [H, N, N]; None where either has no attention

    @property
    def shift(self) -> tuple[tuple[float, ...] | None, ...]:
        """Per layer and head the share of the attention that went elsewhere: half of the absolute differences of a
        row (total variation), mean over the rows."""
        return tuple(
            None if layer is None else tuple(float(value) for value in np.abs(layer).sum(-1).mean(-1) / 2)
            for layer in self.layers
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything but the matrices, ready for JSON."""
        return {
            "unit": self.unit,
            "tokens": [list(tokens) for tokens in self.tokens],
            "mean_of_heads": self.mean_of_heads,
            "shift": self.shift,
        }


def attention_difference(one: Inspection, other: Inspection) -> AttentionDifference:
    """What changes in the main stack's attention from one inspection to the other.

    Piece by piece where one tokenizer made as many of them, special tokens included; where two cut one text into
    pieces, between the words of the text: the sum over the pieces of a word attended to, the mean over
    those attending (Clark et al. 2019, section 4.1), special tokens left out.

    :raises UnsupportedError: if two different texts have different numbers of pieces: nothing says which belong
        together.
    """
    same_tokenizer = one.model_info.tokenizer_fingerprint == other.model_info.tokenizer_fingerprint
    if same_tokenizer and len(one.pieces) == len(other.pieces):
        unit: Literal["piece", "word"] = "piece"
        tokens = one.pieces, other.pieces
        first, second = list(one.attention), list(other.attention)
    elif one.text == other.text and one.text_pair is other.text_pair is None:
        unit, spans = "word", [match.span() for match in _WORD.finditer(one.text)]
        tokens = (tuple(one.text[start:end] for start, end in spans),) * 2
        first, second = (_between_words(seen, np.array(spans)) for seen in (one, other))
    else:
        raise UnsupportedError(
            f"The texts have {len(one.pieces)} and {len(other.pieces)} pieces: attention can be compared for one "
            f"text, or for two with as many pieces."
        )
    same_heads = one.model_info.heads == other.model_info.heads
    layers = tuple(_change(before, after, same_heads) for before, after in zip(first, second, strict=False))
    return AttentionDifference(unit, tokens, not same_heads, layers)


def _change(before: np.ndarray | None, after: np.ndarray | None, same_heads: bool) -> np.ndarray | None:
    if before is None or after is None:
        return None
    return after - before if same_heads else after.mean(0, keepdims=True) - before.mean(0, keepdims=True)


def _between_words(seen: Inspection, spans: np.ndarray) -> list[np.ndarray | None]:
    """Attention between the words at `spans` [W, 2] of the text; a piece belongs to the word it shares most with."""
    starts, ends = seen.tokens.offsets.T[:, :, None]
    shared = np.minimum(ends, spans[:, 1]) - np.maximum(starts, spans[:, 0])
    words = np.where(shared.max(1) > 0, shared.argmax(1), -1)
    return [None if layer is None else word_attention(layer, words, len(spans)) for layer in seen.attention]
