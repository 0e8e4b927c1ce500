"""Any source in, annotated sentences out, once: what was annotated before is read from the cache."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exbert_hub.cache import cache_root, locked
from exbert_hub.corpus.sources.find import Source, find_source
from exbert_hub.corpus.storage.corpus_store import FORMAT_VERSION, ParquetCorpus, is_corpus, open_corpus, write_corpus
from exbert_hub.corpus.types import CorpusInfo, Sentence
from exbert_hub.errors import CorpusError

from .pipelines import DEFAULT_PIPELINE, Pipeline
from .streaming import GrowingCorpus

if TYPE_CHECKING:
    from exbert_hub.corpus.sources.find import CorpusSource
    from exbert_hub.index.hub.index_annotation import IndexAnnotation

logger = logging.getLogger(__name__)

Through = Callable[[Pipeline, Iterable[str], Counter[str]], Iterator[Sentence]]
"""Annotates texts, in order, with a pipeline, and counts what it skipped."""

_PATIENCE = 3600.0  # seconds to wait for another process that annotates the same corpus
_LARGE = 100_000  # bytes of text that take longer to annotate than a process to start
_MOST_PROCESSES = 8  # each holds a pipeline, about 0.3 GB


def annotate(
    source: CorpusSource | ParquetCorpus,
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
    progress: bool | Callable[[int], None] | None = None,
    through: Through | None = None,
) -> ParquetCorpus:
    """Annotate a corpus, or read it from the cache if the same text was annotated in the same way before.

    :param source: a text file, a folder of text files, a list of strings, a `datasets.Dataset`, the id of a dataset on
        the Hub ("owner/name" or "owner/name:configuration"), a CoNLL-U file or a folder of them, the folder of a
        corpus that is already annotated, or an index (its folder or its repository on the Hub), whose annotation is
        taken over. A dataset with a column of tokens and columns of labels counts as annotated.
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
    :param through: annotates texts with a pipeline instead of this process; see `index/distributed.py`.
    :raises CorpusError: if the source cannot be found, read or understood, or has no sentence.
    :raises MissingPipelineError: if the spaCy pipeline is not installed; tells the command that installs it.
    :raises LockedError: if another process has been annotating the same corpus for an hour.
    """
    options = {"split": split, "text_column": text_column, "streaming": streaming}
    facts = {"name": name, "language": language, "license": license}
    task = _prepare(source, annotator, facts, options, limit, cache_dir, through)
    return task if isinstance(task, ParquetCorpus) else task.run(progress)


def annotate_beside(
    source: CorpusSource | ParquetCorpus,
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
    through: Through | None = None,
    processes: int | None = None,
) -> ParquetCorpus | GrowingCorpus:
    """As `annotate`, but what spaCy has to do is done by processes of its own while the corpus is read.

    A corpus that is small, annotated already, of unknown size (a streamed dataset) or to be annotated `through`
    something else is complete at once. An annotation that is interrupted goes on where it was.

    :param processes: as many as there are cores by default, 8 at most; those that are not needed wait.
    """
    options = {"split": split, "text_column": text_column, "streaming": streaming}
    facts = {"name": name, "language": language, "license": license}
    task = _prepare(source, annotator, facts, options, limit, cache_dir, through)
    if isinstance(task, ParquetCorpus):
        return task
    return task.run_beside(processes) if task.is_worth_it else task.run(None)


def _prepare(
    source: Any,
    annotator: str | None,
    facts: dict[str, str | None],
    options: dict[str, Any],
    limit: int | None,
    cache_dir: str | Path | None,
    through: Through | None,
) -> ParquetCorpus | _Task:
    """What there is already, or what there is to do."""
    if limit is not None and limit < 1:
        raise CorpusError(f"limit is the number of sentences to keep, at least 1, not {limit}")
    given: dict[str, Any] = {field: value for field, value in facts.items() if value is not None}
    if isinstance(source, ParquetCorpus) or (isinstance(source, str | Path) and is_corpus(Path(source))):
        corpus = source if isinstance(source, ParquetCorpus) else open_corpus(source)
        if annotator not in (None, corpus.info.annotator):
            raise CorpusError(
                f"{corpus.folder} is already annotated by {corpus.info.annotator!r}: pass the text itself to have it "
                f"annotated by {annotator!r}"
            )
        if limit is None or limit >= len(corpus):
            return corpus.described(**given)
        work = _Work.shortened(corpus)
    elif (shared := _annotation_of_index(source, **options)) is not None:
        if annotator not in (None, shared.info.annotator):
            raise CorpusError(
                f"the corpus of the index {source} is already annotated by {shared.info.annotator!r}: pass the text "
                f"itself to have it annotated by {annotator!r}"
            )
        work = _Work(shared.info, shared.key, lambda skipped: iter(shared))
        # what the index left out of its source is left out here too
        given = {"skipped": shared.info.skipped} | given
    else:
        work = _Work.of(find_source(source, **options), annotator, facts["language"], through)
    root = Path(cache_dir) if cache_dir is not None else cache_root() / "corpora"
    key = work.key(limit)
    # the same text may have been annotated from another place before
    given |= {"source": work.info.source, "name": facts["name"] or work.info.name}
    task = _Task(work, replace(work.info, key=key), root / f"{_slug(work.info.name)}-{key[:20]}", given, limit)
    if not is_corpus(task.folder):
        return task
    logger.info("%s was annotated before: read from %s", work.info.source, task.folder)
    return open_corpus(task.folder).described(**given)


@dataclass(frozen=True)
class _Task:
    """An annotation that is not in the cache."""

    work: _Work
    info: CorpusInfo
    folder: Path
    given: dict[str, Any]
    limit: int | None

    @property
    def is_worth_it(self) -> bool:
        """Whether it takes longer than to start another process."""
        return self.work.piped is not None and (self.work.piped[0].size or 0) >= _LARGE

    def run(self, progress: bool | Callable[[int], None] | None) -> ParquetCorpus:
        with locked(self.folder, timeout=_PATIENCE):
            if not is_corpus(self.folder):
                skipped: Counter[str] = Counter()
                sentences = islice(self.work.sentences(skipped), self.limit)
                shown = _with_bar(sentences, self.info.name, self.limit, progress)
                try:
                    write_corpus(self.info, shown, self.folder, skipped)
                except BaseException:
                    shutil.rmtree(self.folder, ignore_errors=True)
                    raise
        return open_corpus(self.folder).described(**self.given)

    def run_beside(self, processes: int | None) -> GrowingCorpus:
        assert self.work.piped is not None
        count = processes or min(_MOST_PROCESSES, os.cpu_count() or 1)
        return GrowingCorpus(
            self.info,
            *self.work.piped,
            self.folder,
            given=self.given,
            limit=self.limit,
            processes=count,
            patience=_PATIENCE,
        )


@dataclass(frozen=True)
class _Work:
    """What there is to do, and what makes it the same work as another time."""

    info: CorpusInfo
    content: str  # key of the source
    sentences: Callable[[Counter[str]], Iterator[Sentence]]
    piped: tuple[Source, Pipeline] | None = None  # where spaCy does it

    @classmethod
    def of(cls, source: Source, annotator: str | None, language: str | None, through: Through | None) -> _Work:
        if annotator == "gold" and source.gold is None:
            raise CorpusError(f"{source.origin} has no gold annotation: leave the annotator out, or name a pipeline")
        if source.gold is not None and annotator in (None, "gold"):
            info = CorpusInfo(source.name, source.origin, "gold", language=language or "")
            return cls(info, source.key, source.gold)
        if annotator is None and language and language.lower().split("-")[0] not in ("en", "eng"):
            raise CorpusError(
                f"the default annotator is English, the corpus is {language!r}: pass annotator= the name of a spaCy "
                f"pipeline for it, or 'blank:{language}' for words and sentences without labels"
            )
        pipeline = Pipeline.find((annotator or DEFAULT_PIPELINE).removeprefix("spacy:"))
        info = CorpusInfo(
            source.name, source.origin, f"spacy:{pipeline.name}", pipeline.version, language or pipeline.language
        )
        annotate = through or Pipeline.annotate
        piped = None if through else (source, pipeline)
        return cls(info, source.key, lambda skipped: annotate(pipeline, source.texts(skipped), skipped), piped)

    @classmethod
    def shortened(cls, corpus: ParquetCorpus) -> _Work:
        return cls(corpus.info, corpus.info.sha256, lambda skipped: iter(corpus))

    def key(self, limit: int | None) -> str:
        parts = [FORMAT_VERSION, self.content, self.info.annotator, self.info.annotator_version, limit]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _annotation_of_index(
    source: Any, split: str | None, text_column: str | None, streaming: bool
) -> IndexAnnotation | None:
    if split is not None or text_column is not None or streaming or not isinstance(source, str | Path):
        return None
    from exbert_hub.index.hub.index_annotation import (
        find_annotation,  # the one look ahead: an index brings its corpus along
    )

    return find_annotation(source)


def _slug(name: str) -> str:
    return re.sub(r"[^\w-]+", "-", name)[:40].strip("-") or "corpus"


def _with_bar(
    sentences: Iterable[Sentence], name: str, limit: int | None, progress: bool | Callable[[int], None] | None
) -> Iterator[Sentence]:
    from huggingface_hub.utils import tqdm

    if callable(progress):
        for number, sentence in enumerate(sentences, 1):
            progress(number)
            yield sentence
        return
    disable: Any = None if progress is None else not progress  # None: where stderr is no terminal
    yield from tqdm(sentences, desc=f"Annotating {name}", total=limit, unit=" sentences", disable=disable)
