"""Heads: a heat map of a measure, sentences that show a head, the page of a head."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from .common import Message, Span

if TYPE_CHECKING:
    from exbert_hub.index.format.head_schema import Column
    from exbert_hub.index.format.head_table import HeadScore, HeadScores
    from exbert_hub.index.heads.examples import HeadExample
    from exbert_hub.index.heads.page import HeadPage, HeadSentence, TopLabel

_BEST = 6  # heads listed


class ColumnJson(Message):
    """A measure, and what it is of."""

    measure: str
    label: str
    direction: str


class HeadScoreJson(Message):
    name: str
    layer: int
    head: int
    value: float
    baseline: float
    excess: float
    lift: float | None
    n: int
    q: float | None
    significant: bool | None  # None: not tested


class ColumnScoreJson(HeadScoreJson, ColumnJson):
    """A score, and what it is of."""


class HeadMapJson(Message):
    """All heads by one measure."""

    columns: list[ColumnJson]  # that there are
    chosen: ColumnJson
    grid: list[list[HeadScoreJson | None]]  # by layer and head
    best: list[HeadScoreJson]


class HeadExampleJson(Message):
    text: str
    source: Span
    target: Span | None
    attention: float


class HeadExamplesJson(Message):
    examples: list[HeadExampleJson]


class HeadPatternJson(Message):
    self_attention: float
    previous: float
    entropy: float
    distance: float
    distance_variance: float


class DistanceBinJson(Message):
    low: int
    high: int
    before: float
    behind: float


class TopLabelJson(Message):
    label: str
    share: float
    base_rate: float
    lift: float


class PieceLinkJson(Message):
    """From one piece to another."""

    source: int
    target: int


class EdgeJson(PieceLinkJson):
    weight: float


class HeadSentenceJson(Message):
    text: str
    strength: float
    offsets: list[Span]  # of its pieces
    special: list[str | None]  # names of special tokens, None for the other pieces
    strongest: PieceLinkJson | None
    edges: list[EdgeJson]


class HeadBucketJson(Message):
    low: float
    high: float
    count: int
    sentences: list[HeadSentenceJson]


class HeadReportJson(Message):
    """The page of one head."""

    name: str
    layer: int
    head: int
    pattern: HeadPatternJson
    induction: float | None
    no_induction: str
    distances: list[DistanceBinJson]
    queries: dict[str, list[TopLabelJson]]  # by "piece", "pos", "dep"
    keys: dict[str, list[TopLabelJson]]
    scores: list[ColumnScoreJson]
    buckets: list[HeadBucketJson]
    sentences_read: int
    sentences: int


def head_map_json(columns: Sequence[Column], chosen: Column, scores: HeadScores) -> HeadMapJson:
    """
    :param columns: that there are.
    :param scores: of the chosen one, the best first.
    """
    return {
        "columns": list(map(_column, columns)),
        "chosen": _column(chosen),
        "grid": [[None if score is None else _score(score) for score in layer] for layer in scores.grid()],
        "best": list(map(_score, scores[:_BEST])),
    }


def head_examples_json(examples: Iterable[HeadExample]) -> HeadExamplesJson:
    return {
        "examples": [
            {
                "text": example.text,
                "source": example.source,
                "target": example.target,
                "attention": example.attention,
            }
            for example in examples
        ]
    }


def head_report_json(page: HeadPage) -> HeadReportJson:
    return {
        "name": page.name,
        "layer": page.layer,
        "head": page.head,
        "pattern": cast(HeadPatternJson, page.pattern._asdict()),
        "induction": page.induction,
        "no_induction": page.no_induction,
        "distances": [cast(DistanceBinJson, distance._asdict()) for distance in page.distances],
        "queries": _top_labels(page.queries),
        "keys": _top_labels(page.keys),
        "scores": [
            {**_score(score), "measure": score.measure, "label": score.label, "direction": score.direction}
            for score in page.scores
        ],
        "buckets": [
            {
                "low": bucket.low,
                "high": bucket.high,
                "count": bucket.count,
                "sentences": list(map(_sentence, bucket.sentences)),
            }
            for bucket in page.buckets
        ],
        "sentences_read": page.sentences_read,
        "sentences": page.sentences,
    }


def _column(column: Column) -> ColumnJson:
    return {"measure": column.measure, "label": column.label, "direction": column.direction}


def _score(score: HeadScore) -> HeadScoreJson:
    return {
        "name": score.name,
        "layer": score.layer,
        "head": score.head,
        "value": score.value,
        "baseline": score.baseline,
        "excess": score.excess,
        "lift": score.lift if score.baseline else None,
        "n": score.n,
        "q": score.q,
        "significant": None if score.q is None else score.significant,
    }


def _top_labels(by_field: Mapping[str, Iterable[TopLabel]]) -> dict[str, list[TopLabelJson]]:
    return {field: [cast(TopLabelJson, top._asdict()) for top in tops] for field, tops in by_field.items()}


def _sentence(sentence: HeadSentence) -> HeadSentenceJson:
    strongest = sentence.strongest
    return {
        "text": sentence.text,
        "strength": sentence.strength,
        "offsets": list(sentence.offsets),
        "special": [
            name if is_special else None for name, is_special in zip(sentence.pieces, sentence.special, strict=True)
        ],
        "strongest": {"source": strongest.source, "target": strongest.target} if strongest else None,
        "edges": [
            {"source": edge.source, "target": edge.target, "weight": round(edge.weight, 3)} for edge in sentence.edges
        ],
    }
