"""Any source in, annotated sentences out, once: what was annotated before is read from the cache."""

from __future__ import annotations

import logging
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exbert_hub.cache import cache_root
from exbert_hub.corpus.options import CorpusOptions, Description, ReadOptions
from exbert_hub.corpus.sources.find import find_source, is_index
from exbert_hub.corpus.storage.parquet_corpus import ParquetCorpus, is_corpus, open_corpus
from exbert_hub.corpus.types import is_annotated_source
from exbert_hub.errors import CorpusError

from .streaming import StreamedCorpus
from .task import AnnotateFn, AnnotationInput, AnnotationProgress, AnnotationTask

if TYPE_CHECKING:
    from exbert_hub.corpus.sources.find import CorpusSource
    from exbert_hub.corpus.types import AnnotatedSource

logger = logging.getLogger(__name__)

_LARGE = 100_000  # bytes of text that take longer to annotate than a process to start
_MOST_PROCESSES = 8  # each holds a pipeline, about 0.3 GB


def annotate(
    source: CorpusSource | AnnotatedSource,
    annotator: str | None = None,
    *,
    name: str | None = None,
    language: str | None = None,
    license: str | None = None,
    split: str | None = None,
    text_column: str | None = None,
    streaming: bool = False,
    limit: int | None = None,
    cache_dir: str | Path | None = None,
    progress: AnnotationProgress = None,
    annotate_fn: AnnotateFn | None = None,
) -> ParquetCorpus:
    """Annotate a corpus, or read it from the cache if the same text was annotated in the same way before.

    :param source: a text file, a folder of text files, a list of strings, a `datasets.Dataset`, the id of a dataset on
        the Hub ("owner/name" or "owner/name:configuration"), a CoNLL-U file or a folder of them, the folder of a
        corpus that is already annotated, or an `AnnotatedSource`, whose annotation is taken over: such as that of an
        index, `exbert_hub.index.annotation_of(folder_or_repository)`. A dataset with a column of tokens and columns of
        labels counts as annotated.
    :param annotator: name or folder of a spaCy pipeline, "blank:de" (any language code) for words and sentences
        without labels, "gold" for the annotation that the source brings. By default gold where there is any, else
        `en_core_web_sm`.
    :param name: what to call the corpus; by default taken from the source.
    :param language: code of the language; by default that of the spaCy pipeline.
    :param license: licence of the text, for the card of an index.
    :param split: of a dataset, "train" by default.
    :param text_column: of a dataset; by default "text", or the only column of strings. Naming it asks for the text
        even where the dataset has gold columns.
    :param streaming: read a dataset from the Hub without downloading it first.
    :param limit: stop after this many sentences.
    :param cache_dir: folder of annotated corpora, instead of the one in the assets cache of huggingface_hub.
    :param progress: show a progress bar on stderr; by default where that is a terminal. Or a function that is called
        with the number of sentences before each is written; what it raises ends the work and leaves nothing behind.
    :param annotate_fn: annotates texts with a pipeline, instead of this process; see `index/ray/distributed.py`.
    :raises CorpusError: if the source cannot be found, read or understood, has no sentence, or is an index.
    :raises MissingPipelineError: if the spaCy pipeline is not installed; names the command that installs it.
    :raises LockedError: if another process has been annotating the same corpus for an hour.
    """
    read, description = ReadOptions(split, text_column, streaming), Description(name, language, license)
    options = CorpusOptions(annotator, read, description, limit, cache_dir)
    _refuse_index(source, read)
    return annotate_corpus(source, options, progress=progress, annotate_fn=annotate_fn)


def annotate_beside(
    source: CorpusSource | AnnotatedSource,
    annotator: str | None = None,
    *,
    name: str | None = None,
    language: str | None = None,
    license: str | None = None,
    split: str | None = None,
    text_column: str | None = None,
    streaming: bool = False,
    limit: int | None = None,
    cache_dir: str | Path | None = None,
    annotate_fn: AnnotateFn | None = None,
    processes: int | None = None,
) -> ParquetCorpus | StreamedCorpus:
    """As `annotate`, but spaCy runs in processes of its own while the corpus is read.

    A corpus that is small, annotated already, of unknown size (a streamed dataset) or to be annotated by `annotate_fn`
    is complete at once. An interrupted annotation continues where it stopped.

    :param processes: as many as there are cores by default, 8 at most.
    """
    read, description = ReadOptions(split, text_column, streaming), Description(name, language, license)
    options = CorpusOptions(annotator, read, description, limit, cache_dir)
    _refuse_index(source, read)
    return stream_corpus(source, options, annotate_fn=annotate_fn, processes=processes)


def annotate_corpus(
    source: CorpusSource | AnnotatedSource,
    options: CorpusOptions,
    *,
    progress: AnnotationProgress = None,
    annotate_fn: AnnotateFn | None = None,
) -> ParquetCorpus:
    """`annotate`, for those who carry the options as one value."""
    corpus = _open_or_plan(source, options, annotate_fn)
    return corpus if isinstance(corpus, ParquetCorpus) else corpus.run(progress)


def stream_corpus(
    source: CorpusSource | AnnotatedSource,
    options: CorpusOptions,
    *,
    annotate_fn: AnnotateFn | None = None,
    processes: int | None = None,
) -> ParquetCorpus | StreamedCorpus:
    """`annotate_beside`, for those who carry the options as one value."""
    corpus = _open_or_plan(source, options, annotate_fn)
    if isinstance(corpus, ParquetCorpus):
        return corpus
    spacy = corpus.input.spacy
    if spacy is None or (spacy.source.size or 0) < _LARGE:
        return corpus.run(None)
    return StreamedCorpus(corpus, spacy, processes or min(_MOST_PROCESSES, os.cpu_count() or 1))


def _refuse_index(source: Any, read: ReadOptions) -> None:
    """Indexes belong to the room above: here, one would be read as a dataset of pieces."""
    if read == ReadOptions() and is_index(source):
        raise CorpusError(
            f"{source} is an index. CorpusIndex.build takes it as a corpus as it is; for its annotation alone, pass "
            f"exbert_hub.index.annotation_of({str(source)!r}) instead"
        )


def _open_or_plan(
    source: Any, options: CorpusOptions, annotate_fn: AnnotateFn | None
) -> ParquetCorpus | AnnotationTask:
    """The corpus if it exists already, else the task of making it."""
    description = options.description.fields()
    if isinstance(source, str | Path) and is_corpus(Path(source)):
        source = open_corpus(source)
    if is_annotated_source(source):
        _check_annotator(source, options.annotator)
        if isinstance(source, ParquetCorpus):
            if options.limit is None or options.limit >= len(source):
                return source.described(**description)
        else:  # the new corpus lacks whatever the old one left out
            description = {"skipped": source.info.skipped} | description
        sentences = AnnotationInput.of_annotated(source)
    else:
        sentences = AnnotationInput.of_source(find_source(source, options.read), options, annotate_fn)
    info, key = sentences.info, sentences.key(options.limit)
    # the same text may have been annotated from another place before
    described = description | {"source": info.source, "name": options.description.name or info.name}
    root = Path(options.cache_dir) if options.cache_dir is not None else cache_root() / "corpora"
    folder = root / f"{_slug(info.name)}-{key[:20]}"
    task = AnnotationTask(sentences, replace(info, key=key), folder, described, options.limit)
    if not is_corpus(folder):
        return task
    logger.info("%s was annotated before: read from %s", info.source, folder)
    return task.open()


def _check_annotator(source: AnnotatedSource, annotator: str | None) -> None:
    if annotator in (None, source.info.annotator):
        return
    place = source.folder if isinstance(source, ParquetCorpus) else source.info.source
    raise CorpusError(
        f"{place} is already annotated by {source.info.annotator!r}: pass the text itself to have it annotated by "
        f"{annotator!r}"
    )


def _slug(name: str) -> str:
    return re.sub(r"[^\w-]+", "-", name)[:40].strip("-") or "corpus"
