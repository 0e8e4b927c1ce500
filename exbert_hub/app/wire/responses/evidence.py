"""The evidence: what a search found, at one layer or at all of them, and what can be taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING, NotRequired

import numpy as np

from exbert_hub.index.format.types import Of

from .common import BarJson, JsonObject, Layer, Message, NoticeJson, ScopeJson, Span, bar_json
from .model import IndexInfoJson, OfferJson
from .pieces import surface

if TYPE_CHECKING:
    from exbert_hub.index import CorpusIndex, LayerProfile, LayerSummary, Match, Matches
    from exbert_hub.model import Inspection

_DIGITS = 3  # of an attention value: finer than any shade of the page


class SummaryJson(Message):
    """A histogram."""

    total: int
    bars: list[BarJson]


class MatchJson(Message):
    score: float
    row: int
    sentence: int
    position: int
    attended: int | None  # position of the max-attention token
    offset: int | None
    text: str  # of the sentence
    offsets: list[Span]  # of its pieces
    labels: list[int]  # of each piece: a row of `Results.rows`, -1 where it has no labels
    out: list[float] | None  # stored attention out of the match
    into: list[float] | None


class QueryTokenJson(Message):
    text: str
    masked: bool


class SnippetsJson(Message):
    """The search as code."""

    python: str
    command: str


class ResultsJson(Message):
    query: JsonObject  # a `TokenQuery` as the page sends it
    token: QueryTokenJson
    seconds: float
    left_out: dict[str, int]  # why nearer pieces were left out, and how many
    labels: list[str]  # names of the columns of `rows`
    rows: list[list[str]]  # labels of pieces, each row once: the same words come again and again
    matches: list[MatchJson]
    summaries: dict[Of, dict[str, SummaryJson]]  # by label column
    snippets: SnippetsJson


class BuildHintsJson(Message):
    """How to build an index elsewhere."""

    cli: str
    python: str


class EvidenceMessage(Message):
    """Value of the evidence."""

    scope: ScopeJson
    index: IndexInfoJson | None
    offer: OfferJson | None
    results: ResultsJson | None
    query: NotRequired[JsonObject]  # of the search that this answers
    how: NotRequired[BuildHintsJson]
    notice: NotRequired[NoticeJson | None]


class WordCountJson(Message):
    word: str
    count: int


class LayerSummaryJson(Message):
    layer: Layer
    total: int
    bars: list[BarJson]
    words: list[WordCountJson]


class AllLayersJson(Message):
    word: str
    masked: bool
    layers: list[LayerSummaryJson]


class ResultsFileJson(Message):
    name: str
    data: str  # base64


class SavedShellJson(Message):
    html: str


def results_json(
    matches: Matches,
    seen: Inspection,
    index: CorpusIndex,
    *,
    seconds: float,
    query: JsonObject,
    snippets: SnippetsJson,
) -> ResultsJson:
    """Results with their histograms.

    :param seconds: that the search took.
    :param query: what was asked, as the page sent it.
    :param snippets: the same as code.
    """
    rows: dict[tuple[str, ...], int] = {}
    labels = index.labels
    position = matches.query.position
    text = surface(seen.tokens, (seen.text, seen.text_pair or ""), position) or matches.query.piece
    return {
        "query": query,
        "token": {"text": text, "masked": matches.query.masked},
        "seconds": seconds,
        "left_out": dict(matches.left_out),
        "labels": list(labels),
        "matches": [_match(match, labels, rows) for match in matches.matches],
        "rows": list(map(list, rows)),
        "summaries": _summaries(matches, labels, seen.predicts == "next"),
        "snippets": snippets,
    }


def _match(match: Match, labels: tuple[str, ...], rows: dict[tuple[str, ...], int]) -> MatchJson:
    context = match.context
    return {
        "score": round(match.score, 4),
        "row": match.row,
        "sentence": match.sentence,
        "position": match.position,
        "attended": match.max_attention,
        "offset": match.offset,
        "text": context.text,
        "offsets": list(context.offsets),
        "labels": [-1 if row is None else rows.setdefault(row, len(rows)) for row in context.labels.rows(labels)],
        "out": _rounded(context.attention_out),
        "into": _rounded(context.attention_in),
    }


def _rounded(values: np.ndarray | None) -> list[float] | None:
    return None if values is None else values.astype(np.float64).round(_DIGITS).tolist()


def _summaries(matches: Matches, labels: tuple[str, ...], causal: bool) -> dict[Of, dict[str, SummaryJson]]:
    fields: dict[Of, tuple[str, ...]] = {"match": labels}
    if any(match.max_attention is not None for match in matches.matches):
        fields["max_attention"] = (*labels, "offset")
    if causal:
        fields["next"] = labels
    summaries: dict[Of, dict[str, SummaryJson]] = {of: {} for of in fields}
    for summary in matches.summaries([(field, of) for of, names in fields.items() for field in names]):
        bars = list(map(bar_json, summary.bars))
        summaries[summary.of][summary.field] = {"total": summary.total, "bars": bars}
    return summaries


def all_layers_json(profile: LayerProfile) -> AllLayersJson:
    return {
        "word": profile.word,
        "masked": profile.masked,
        "layers": [layer_summary_json(layer) for layer in profile.layers],
    }


def layer_summary_json(layer: LayerSummary) -> LayerSummaryJson:
    return {
        "layer": layer.layer,
        "total": layer.total,
        "bars": list(map(bar_json, layer.bars)),
        "words": [{"word": word, "count": count} for word, count in layer.words],
    }
