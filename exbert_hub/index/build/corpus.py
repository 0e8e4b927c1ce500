"""The corpus of a build: annotated already, that of another index, or to be annotated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exbert_hub.corpus.annotation.annotate import annotate_corpus, stream_corpus
from exbert_hub.corpus.options import CorpusOptions, ReadOptions
from exbert_hub.corpus.storage.parquet_corpus import ParquetCorpus
from exbert_hub.corpus.types import is_annotated
from exbert_hub.errors import CorpusError
from exbert_hub.index.hub.index_annotation import IndexAnnotation, find_annotation

if TYPE_CHECKING:
    from exbert_hub.corpus.annotation.task import AnnotateFn
    from exbert_hub.corpus.types import AnnotatedCorpus


def source_of(source: Any, read: ReadOptions) -> Any:
    """The annotation of an index if the source is one, else the source itself.

    Whoever says how to read a dataset means a dataset.
    """
    return (find_annotation(source) if read == ReadOptions() else None) or source


def annotated_corpus(
    source: Any, options: CorpusOptions, *, annotate_fn: AnnotateFn | None = None, streamed: bool = True
) -> AnnotatedCorpus:
    """What is indexed.

    :param source: an annotated corpus, which is taken as it is; or any source that `annotate` takes, or an index.
    :param streamed: whether its annotation may go on while it is read.
    :raises CorpusError: if it cannot be read or annotated, or cannot be described.
    """
    if is_annotated(source) and not isinstance(source, IndexAnnotation):
        description = options.description.fields()
        if not description:
            return source
        if isinstance(source, ParquetCorpus):
            return source.described(**description)
        raise CorpusError(
            f"this {type(source).__name__} describes itself: pass {', '.join(f'{name}=' for name in description)} "
            "where it is made"
        )
    source = source_of(source, options.read)
    if streamed:
        return stream_corpus(source, options, annotate_fn=annotate_fn)
    return annotate_corpus(source, options, annotate_fn=annotate_fn)
