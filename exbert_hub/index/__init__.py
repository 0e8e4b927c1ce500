"""Build, open, search and compare annotated corpora."""

from exbert_hub.index.compare.comparison import Comparison
from exbert_hub.index.format.types import Bar, Context, LayerProfile, LayerSummary, Match, Summary
from exbert_hub.index.ray.cluster import RayEngine
from exbert_hub.index.search.match_norms import with_norms
from exbert_hub.index.search.matches import Matches, Query

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
    "with_norms",
]
