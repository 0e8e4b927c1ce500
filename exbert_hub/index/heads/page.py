"""Everything there is to say about one head: from its stored attention, from the annotation, and from its model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from exbert_hub.analysis.head_pattern import (
    DISTANCE_EDGES,
    Pattern,
    PatternSums,
    buckets,
    distance_histogram,
    even,
    strength,
    strongest_pair,
)
from exbert_hub.index.format.head_table import HeadScore
from exbert_hub.index.search.searcher import gather
from exbert_hub.index.store.attention_files import AttentionReader
from exbert_hub.index.store.token_rows import TokenRows

if TYPE_CHECKING:
    import datasets

SENTENCES_READ = 1000  # spread evenly over the corpus
FIELDS = ("piece", "pos", "dep")
_TOP = 12  # labels named
_BUCKETS, _PER_BUCKET, _PER_TOP_BUCKET = 5, 3, 6
_EDGES_PER_PIECE, _FAINTEST = 3, 0.05


class DistanceBin(NamedTuple):
    """The share of the attention that goes so far."""

    low: int
    high: int  # included
    before: float  # to pieces before; at distance 0 to the piece itself
    behind: float  # to pieces behind; none in causal models


class TopLabel(NamedTuple):
    """A piece, POS or DEP by the share of the attention between words that it gives, or gets.

    What a head gives to special tokens is left out, so a piece counts as a query by what it has left for words.
    """

    label: str
    share: float
    base_rate: float  # share of the label among the pieces that were read
    lift: float


@dataclass(frozen=True)
class Edge:
    """Attention of one piece to another."""

    source: int
    target: int
    weight: float


@dataclass(frozen=True)
class HeadSentence:
    """A sentence of the corpus with what a head does in it."""

    sentence: int  # row of `index.sentences`
    text: str
    strength: float  # the largest attention between two of its words
    pieces: tuple[str, ...]
    offsets: tuple[tuple[int, int], ...]  # characters of the text
    special: tuple[bool, ...]
    strongest: Edge | None  # where that largest attention is
    edges: tuple[Edge, ...]  # of each piece at most the three strongest, from 0.05 on


@dataclass(frozen=True)
class Bucket:
    """A fifth of the sentences that were read, by how clearly the head does in them whatever it does."""

    low: float
    high: float
    count: int
    sentences: tuple[HeadSentence, ...]  # the strongest of the last bucket, else some spread evenly


@dataclass(frozen=True)
class HeadReading:
    """What the sentences of an index, or an even sample of them, tell about one head."""

    pattern: Pattern
    distances: tuple[DistanceBin, ...]  # up to the largest that occurs
    queries: dict[str, tuple[TopLabel, ...]]  # by field: "piece", "pos", "dep"
    keys: dict[str, tuple[TopLabel, ...]]
    buckets: tuple[Bucket, ...]  # weak to strong
    sentences_read: int
    sentences: int  # of the index


@dataclass(frozen=True)
class HeadPage(HeadReading):
    """One head."""

    layer: int
    head: int
    stack: str
    scores: tuple[HeadScore, ...]  # all that the head finder measured: findings first, then by excess
    induction: float | None  # on random sequences that are repeated
    no_induction: str  # why there is none

    @property
    def name(self) -> str:
        """Layer and head, as in "5-9"."""
        return f"{self.layer}-{self.head}"


@dataclass(frozen=True)
class HeadSource:
    """Where what one head does can be read."""

    tokens: datasets.Dataset
    sentences: datasets.Dataset
    reader: AttentionReader  # of the layer
    head: int

    @cached_property
    def rows(self) -> TokenRows:
        return TokenRows(self.tokens.data.table)

    def attention(self, sentence: int) -> np.ndarray:
        """float32 [N, N]."""
        return self.reader.of_heads(sentence, [self.head])[0]

    def words(self, sentence: int) -> np.ndarray:
        """int [n]: positions of the pieces of a sentence that have a word."""
        return self.rows.positions[self.rows.of(sentence)]


def read_head(source: HeadSource) -> HeadReading:
    """What an even sample of the sentences tells about a head."""
    chosen = even(len(source.sentences), SENTENCES_READ)
    sums, strengths = PatternSums(1), np.zeros(len(chosen))
    mass = np.zeros((2, len(DISTANCE_EDGES) - 1))
    given, received = [np.zeros(0)], [np.zeros(0)]
    for number, sentence in enumerate(chosen.tolist()):
        attention, words = source.attention(sentence), source.words(sentence)
        sums.add(attention[None])
        mass += distance_histogram(attention)
        strengths[number] = strength(attention[None], words)[0]
        between = attention[np.ix_(words, words)]
        given.append(between.sum(1))
        received.append(between.sum(0))
    table = gather(source.tokens.data, source.rows.of_all(chosen))
    marginal = {side: np.concatenate(parts) for side, parts in (("queries", given), ("keys", received))}
    labels = {
        side: {name: top_labels(table.column(name), weights) for name in FIELDS} for side, weights in marginal.items()
    }
    return HeadReading(
        pattern=sums.means()[0],
        distances=_distance_bins(mass / max(mass.sum(), 1e-12)),
        queries=labels["queries"],
        keys=labels["keys"],
        buckets=tuple(_buckets(source, chosen, strengths)),
        sentences_read=len(chosen),
        sentences=len(source.sentences),
    )


def top_labels(values: pa.ChunkedArray, weights: np.ndarray) -> tuple[TopLabel, ...]:
    """The labels with the largest share of the weights.

    :param values: a label for each weight.
    """
    coded = values.cast(pa.string()).combine_chunks().dictionary_encode()
    codes = coded.indices.to_numpy()
    total = np.bincount(codes, weights, len(coded.dictionary))
    shares, base = total / max(total.sum(), 1e-12), np.bincount(codes, minlength=len(total)) / max(len(codes), 1)
    best = np.argsort(-shares, kind="stable")[:_TOP]
    names = coded.dictionary.to_pylist()
    return tuple(
        TopLabel(names[i], float(shares[i]), float(base[i]), float(shares[i] / base[i])) for i in best if shares[i]
    )


def _distance_bins(mass: np.ndarray) -> tuple[DistanceBin, ...]:
    reached = np.flatnonzero(mass.sum(0))
    bins = zip(DISTANCE_EDGES, DISTANCE_EDGES[1:], *mass.tolist(), strict=False)
    all_bins = [DistanceBin(low, high - 1, before, behind) for low, high, before, behind in bins]
    return tuple(all_bins[: reached[-1] + 1] if len(reached) else ())


def _buckets(source: HeadSource, chosen: np.ndarray, strengths: np.ndarray) -> Iterator[Bucket]:
    """
    :param chosen: int [n], the sentences that were read; `strengths` is of each.
    """
    texts = source.sentences.data.table.column("text")
    for number, part in enumerate(buckets(strengths, _BUCKETS)):
        if not len(part):
            continue
        is_top = number == _BUCKETS - 1
        order = part[::-1] if is_top else part[even(len(part), 4 * _PER_BUCKET)]
        different: dict[str, int] = {}
        for place in order.tolist():
            different.setdefault(texts[int(chosen[place])].as_py(), place)
        places = list(different.values())
        shown = places[:_PER_TOP_BUCKET] if is_top else [places[i] for i in even(len(places), _PER_BUCKET)]
        yield Bucket(
            low=float(strengths[part[0]]),
            high=float(strengths[part[-1]]),
            count=len(part),
            sentences=tuple(_sentence(source, int(chosen[place])) for place in shown),
        )


def _sentence(source: HeadSource, row: int) -> HeadSentence:
    table, attention = source.sentences.data.table, source.attention(row)
    pieces = table.column("pieces")[row].as_py()
    pair = strongest_pair(attention, source.words(row))
    strongest = None if pair is None else Edge(*pair, float(attention[pair]))
    return HeadSentence(
        sentence=row,
        text=table.column("text")[row].as_py(),
        strength=strongest.weight if strongest else 0.0,
        pieces=tuple(piece["piece"] for piece in pieces),
        offsets=tuple((piece["start"], piece["end"]) for piece in pieces),
        special=tuple(piece["special"] for piece in pieces),
        strongest=strongest,
        edges=strong_edges(attention, _EDGES_PER_PIECE, _FAINTEST),
    )


def strong_edges(attention: np.ndarray, per_piece: int, faintest: float) -> tuple[Edge, ...]:
    """Of each piece the strongest few that are not fainter than that, by source and target.

    :param attention: [N, N].
    """
    ranked = np.argsort(-attention, axis=1, kind="stable")[:, :per_piece]
    sources, targets = np.repeat(np.arange(len(attention)), ranked.shape[1]), ranked.ravel()
    weights = attention[sources, targets]
    kept = np.flatnonzero(weights >= faintest)
    kept = kept[np.lexsort((targets[kept], sources[kept]))]
    return tuple(map(Edge, sources[kept].tolist(), targets[kept].tolist(), weights[kept].tolist()))


def ordered(scores: Sequence[HeadScore]) -> tuple[HeadScore, ...]:
    """Findings first, then by how far above the baseline."""
    return tuple(sorted(scores, key=lambda score: (not score.significant, -score.excess, score.measure, score.label)))
