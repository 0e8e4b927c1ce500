"""Build, open, search and compare annotated corpora."""

from exbert_hub.analysis.histogram import Bar
from exbert_hub.index.build.engine import RayEngine
from exbert_hub.index.compare.comparison import Comparison
from exbert_hub.index.hub.index_annotation import annotation_of
from exbert_hub.index.search.match_norms import with_norms
from exbert_hub.index.search.matches import Matches
from exbert_hub.index.search.query import Query
from exbert_hub.index.search.results import Context, LayerProfile, LayerSummary, Match, Summary

from .corpus_index import CorpusIndex

__all__ = [
    "Bar",
    "Comparison",
    "Context",
    "CorpusIndex",
    "LayerProfile",
    "LayerSummary",
    "Match",
    "Matches",
    "Query",
    "RayEngine",
    "Summary",
    "annotation_of",
    "with_norms",
]
