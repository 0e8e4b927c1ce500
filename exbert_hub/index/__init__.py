"""Build, open and search annotated corpora."""

from .corpus_index import CorpusIndex
from .matches import Matches, Query
from .types import Bar, Context, Match, Summary

__all__ = ["Bar", "Context", "CorpusIndex", "Match", "Matches", "Query", "Summary"]
