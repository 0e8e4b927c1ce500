"""Build, open and search annotated corpora."""

from .corpus_index import CorpusIndex
from .matches import Matches, Query
from .types import Bar, Context, LayerProfile, LayerSummary, Match, Summary

__all__ = ["Bar", "Context", "CorpusIndex", "LayerProfile", "LayerSummary", "Match", "Matches", "Query", "Summary"]
