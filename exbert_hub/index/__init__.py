"""Build, open, search and compare annotated corpora."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exbert_hub.analysis.histogram import Bar
    from exbert_hub.index.build.engine import RayEngine
    from exbert_hub.index.compare.comparison import Comparison
    from exbert_hub.index.hub.index_annotation import annotation_of
    from exbert_hub.index.results.types import LayerProfile, LayerSummary, Match, SentenceContext, Summary
    from exbert_hub.index.search.match_norms import with_norms
    from exbert_hub.index.search.matches import Matches
    from exbert_hub.index.search.query import Query

    from .corpus_index import CorpusIndex

__all__ = [
    "Bar",
    "Comparison",
    "CorpusIndex",
    "LayerProfile",
    "LayerSummary",
    "Match",
    "Matches",
    "Query",
    "RayEngine",
    "SentenceContext",
    "Summary",
    "annotation_of",
    "with_norms",
]

# imported when first used: the command line asks this package for the names of codecs before it knows what it is for
_HOME = {
    "Bar": "exbert_hub.analysis.histogram",
    "Comparison": "exbert_hub.index.compare.comparison",
    "CorpusIndex": "exbert_hub.index.corpus_index",
    "LayerProfile": "exbert_hub.index.results.types",
    "LayerSummary": "exbert_hub.index.results.types",
    "Match": "exbert_hub.index.results.types",
    "Matches": "exbert_hub.index.search.matches",
    "Query": "exbert_hub.index.search.query",
    "RayEngine": "exbert_hub.index.build.engine",
    "SentenceContext": "exbert_hub.index.results.types",
    "Summary": "exbert_hub.index.results.types",
    "annotation_of": "exbert_hub.index.hub.index_annotation",
    "with_norms": "exbert_hub.index.search.match_norms",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
