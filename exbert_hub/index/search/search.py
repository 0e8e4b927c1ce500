"""One search, from a piece of a text to its matches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .matches import Matches
from .protocols import OpenedIndex
from .query import Query, SearchRequest, VectorQuery
from .selection import check_model

if TYPE_CHECKING:
    from exbert_hub.model import Inspection


def search(opened: OpenedIndex, seen: Inspection, token: str | int, request: SearchRequest) -> Matches:
    """The corpus pieces nearest to one piece of a text; see `CorpusIndex.search`."""
    manifest, searcher = opened.manifest, opened.searcher
    check_model(manifest, seen.model_info)
    position = seen.position_of(token)
    vector_query = VectorQuery.about(seen, position, manifest, request)
    searcher.prepare(vector_query.spec.layer)
    nearest = searcher.nearest(vector_query)
    query = Query.about(seen, position, vector_query, nearest.mode)
    matches = searcher.describe(nearest.scores, nearest.rows, query)
    return Matches(query, matches, nearest.left_out, manifest.all_labels, searcher.base)
