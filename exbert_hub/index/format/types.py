"""What travels out of the index room: results that name themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Union

import numpy as np

from exbert_hub.analysis.histogram import Bar

from .piece_labels import PieceLabels

if TYPE_CHECKING:
    from exbert_hub.index.ray.cluster import RayEngine

Kind = Literal["embedding", "heads"]
Of = Literal["match", "max_attention", "next"]
Codec = Literal["fp16", "fp32", "sq8"]
Layer = int | Literal["emb"]
Mode = Literal["exact", "fast"]
"""How a search was answered: by comparing with every vector, or with those that a coarse stage picked."""
Engine = Union[Literal["local", "ray"], "RayEngine"]
"""Where it runs: on this machine, on a Ray cluster of its own processes, or on the cluster that is described."""


@dataclass(frozen=True)
class Summary:
    """A histogram over the matches of one search; bars by count, offsets by offset."""

    field: str
    of: Of
    total: int  # tokens counted; fewer than matches where a match has no such token
    bars: tuple[Bar, ...]

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {"field": self.field, "of": self.of, "total": self.total, "bars": [bar.to_dict() for bar in self.bars]}

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from exbert_hub import notebook

        return notebook.summary(self)


@dataclass(frozen=True)
class LayerSummary:
    """What the pieces nearest to a token have in common at one layer."""

    layer: Layer
    total: int  # pieces counted
    bars: tuple[Bar, ...]  # by count
    words: tuple[tuple[str, int], ...]  # the most frequent words with their counts
    left_out: Mapping[str, int]  # why nearer pieces were left out, and how many
    mode: Mode = "exact"  # how they were found


@dataclass(frozen=True)
class LayerProfile:
    """A label of the pieces nearest to a token, layer after layer (Hoover et al. 2019, figure 4)."""

    word: str
    masked: bool
    by: Kind
    heads: tuple[int, ...] | None  # None: all heads of each layer
    field: str
    layers: tuple[LayerSummary, ...]  # every layer that the index has; "emb" first


@dataclass(frozen=True, eq=False)
class Context:
    """The sentence of a match; all sequences have one entry per piece, special tokens included."""

    text: str
    pieces: tuple[str, ...]
    offsets: tuple[tuple[int, int], ...]  # characters of `text`
    special: tuple[bool, ...]
    labels: PieceLabels  # annotation of the piece's word, None without a word
    attention_out: np.ndarray | None  # float32 [N], of the match, mean over the chosen heads; None if not stored
    attention_in: np.ndarray | None  # float32 [N], to the match


@dataclass(frozen=True)
class Match:
    """One corpus piece found by a search."""

    rank: int  # from 0
    score: float  # mean cosine, in [-1, 1]
    row: int  # row of `index.tokens`, the FAISS id
    sentence: int  # row of `index.sentences`
    position: int  # of the piece in its sentence
    labels: Mapping[str, str]  # every label column of the piece, as text
    max_attention: int | None  # position of the max-attention token
    offset: int | None  # max_attention - position
    context: Context = field(compare=False)

    @cached_property
    def max_attention_labels(self) -> Mapping[str, str] | None:
        return None if self.max_attention is None else self.context.labels[self.max_attention]

    @cached_property
    def next_labels(self) -> Mapping[str, str] | None:
        """Labels of the piece after the match, None at the end of a sentence."""
        after = self.position + 1
        return self.context.labels[after] if after < len(self.context.labels) else None
