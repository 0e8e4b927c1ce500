"""What the page asks about heads: a heat map of a measure, the sentences that show a head, the page of a head."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exbert_hub.app.service.page_service import PageService
from exbert_hub.app.wire.answers import ServerFunction, answer
from exbert_hub.app.wire.requests import HeadExamplesRequest, HeadRequest, HeadsRequest, Scope
from exbert_hub.app.wire.responses.head_report import (
    HeadExamplesJson,
    HeadMapJson,
    HeadReportJson,
    head_examples_json,
    head_map_json,
    head_report_json,
)

if TYPE_CHECKING:
    from exbert_hub.index import CorpusIndex
    from exbert_hub.index.format.head_schema import Column

_EXAMPLES = 3


def head_actions(service: PageService) -> list[ServerFunction]:
    """Server functions of the heads. Each takes one object; an answer with a `notice` says why there is none."""

    def opened(scope: Scope) -> CorpusIndex:
        return service.session(scope).catalog.require(scope.index)

    @answer(HeadsRequest)
    def heads(request: HeadsRequest) -> HeadMapJson:
        """All heads by a measure; by what one of them does best where there is no such measure."""
        index = opened(request)
        columns = index.head_columns()
        chosen = _chosen(columns, request) or _clearest(index, columns)
        scores = index.heads(chosen.label, chosen.measure, chosen.direction)
        return head_map_json(columns, chosen, scores)

    @answer(HeadExamplesRequest)
    def head_examples(request: HeadExamplesRequest) -> HeadExamplesJson:
        """The sentences that show a head doing what a measure says."""
        measure = request.measure, request.label, request.direction
        return head_examples_json(opened(request).head_examples(*request.place, *measure, _EXAMPLES))

    @answer(HeadRequest)
    def head(request: HeadRequest) -> HeadReportJson:
        """The page of a head."""
        inspector = service.session(request).inspector
        return head_report_json(opened(request).head(*request.place, inspector=inspector))

    return [heads, head_examples, head]


def _chosen(columns: tuple[Column, ...], request: HeadsRequest) -> Column | None:
    wanted = request.measure, request.label, request.direction
    return next((column for column in columns if tuple(column) == wanted), None)


def _clearest(index: CorpusIndex, columns: tuple[Column, ...]) -> Column:
    """What to begin with: the dependency that a head finds best; else what comes first."""
    of_words = [column for column in columns if column.measure == "dependency"]
    if not of_words:
        return columns[0]
    best = index.heads(measure="dependency")[0]
    return next(column for column in of_words if tuple(column) == (best.measure, best.label, best.direction))
