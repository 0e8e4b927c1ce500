"""Build, open, search and compare annotated corpora."""

from .cluster import RayEngine
from .compare import Comparison
from .corpus_index import CorpusIndex
from .matches import Matches, Query
from .norms import with_norms
from .types import Bar, Context, LayerProfile, LayerSummary, Match, Summary

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
    "with_norms",
]
