"""Text, Hub dataset or CoNLL-U in, annotated sentences out; alignment of their words with a model's pieces."""

from exbert_hub.corpus.annotation.annotate import annotate, annotate_beside
from exbert_hub.corpus.sources.find import read_texts
from exbert_hub.corpus.storage.corpus_writer import write_corpus
from exbert_hub.corpus.storage.parquet_corpus import ParquetCorpus, open_corpus

from .align import Alignment, align_pieces
from .types import AnnotatedCorpus, CorpusInfo, Coverage, Sentence, Word
from .windows import split_windows

__all__ = [
    "Alignment",
    "AnnotatedCorpus",
    "CorpusInfo",
    "Coverage",
    "ParquetCorpus",
    "Sentence",
    "Word",
    "align_pieces",
    "annotate",
    "annotate_beside",
    "open_corpus",
    "read_texts",
    "split_windows",
    "write_corpus",
]
