"""What a search results in: matches in their sentences, histograms, profiles over the layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from typing import Any

import numpy as np

from exbert_hub import notebook
from exbert_hub.analysis.histogram import Bar
from exbert_hub.analysis.significance import LEVEL
from exbert_hub.index.format.types import Kind, Layer, Mode, Of

from .piece_labels import PieceLabels

BARS = 12  # shown in a notebook
CHANCE = f"n.s., hollow: not distinguishable from the base rate (false discovery rate {LEVEL:.0%})"


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
        return notebook.box(self.to_html())

    def to_html(self) -> str:
        """A table of the bars with counts, shares, base rates, lifts and corrected p-values."""
        bars = self.bars if self.field == "offset" else self.bars[:BARS]
        widest = max((bar.share for bar in bars), default=1.0)
        rows = "".join(_bar_row(bar, widest) for bar in bars)
        caption = f"{self.field} of the {self.of.replace('_', '-')} tokens ({self.total})"
        head = (
            "<tr><th><th class=n>count<th class=n>share<th class='n q'>base<th class=n>lift<th class='n q'>q<th></tr>"
        )
        chance = "" if all(bar.significant for bar in bars) else f"<div class=q>{CHANCE}</div>"
        return (
            f"<table><caption>{escape(caption)}</caption>{head}{rows}</table>"
            f"{notebook.more(len(self.bars) - len(bars), 'labels')}{chance}"
        )


def _bar_row(bar: Bar, widest: float) -> str:
    interval = f"share {bar.low:.0%} to {bar.high:.0%} (95 % bootstrap interval), p {bar.p:.2g}, q {bar.q:.2g}"
    return (
        f"<tr title='{interval}'>"
        f"<td>{escape(bar.label) or '(none)'}<td class=n>{bar.count}<td class=n>{bar.share:.1%}"
        f"<td class='n q'>{bar.base_rate:.1%}<td class=n>×{bar.lift:.1f}"
        f"<td class='n q'>{f'{bar.q:.1g}' if bar.significant else 'n.s.'}"
        f"<td><div class='b{'' if bar.significant else ' c'}' style='width:{bar.share / widest * 8:.2f}em'></div></tr>"
    )


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
class SentenceContext:
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
    context: SentenceContext = field(compare=False)

    @cached_property
    def max_attention_labels(self) -> Mapping[str, str] | None:
        return None if self.max_attention is None else self.context.labels[self.max_attention]

    @cached_property
    def next_labels(self) -> Mapping[str, str] | None:
        """Labels of the piece after the match, None at the end of a sentence."""
        after = self.position + 1
        return self.context.labels[after] if after < len(self.context.labels) else None
