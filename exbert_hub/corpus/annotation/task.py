"""An annotation still to be done: its input, and its place in the cache."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from exbert_hub.cache import locked
from exbert_hub.corpus.options import CorpusOptions
from exbert_hub.corpus.sources.find import Source
from exbert_hub.corpus.storage.corpus_record import FORMAT_VERSION
from exbert_hub.corpus.storage.corpus_writer import write_corpus
from exbert_hub.corpus.storage.parquet_corpus import ParquetCorpus, is_corpus, open_corpus
from exbert_hub.corpus.types import AnnotatedSource, CorpusInfo, Sentence
from exbert_hub.errors import CorpusError

from .pipelines import DEFAULT_PIPELINE, Pipeline

AnnotateFn = Callable[[Pipeline, Iterable[str], Counter[str]], Iterator[Sentence]]
"""Annotates texts, in order, with a pipeline; adds to the counter what it skips."""

AnnotationProgress = bool | Callable[[int], None] | None
"""Whether to show a bar (None: where stderr is a terminal), or a function that takes the number of sentences."""

_PATIENCE = 3600.0  # seconds to wait for another process that annotates the same corpus


@dataclass(frozen=True)
class SpacyInput:
    """Texts, and the pipeline that annotates them."""

    source: Source
    pipeline: Pipeline


@dataclass(frozen=True)
class AnnotationInput:
    """Sentences to be written, and what identifies them."""

    info: CorpusInfo
    content: str  # key of the source
    sentences: Callable[[Counter[str]], Iterator[Sentence]]
    spacy: SpacyInput | None = None  # where worker processes could annotate

    @classmethod
    def of_annotated(cls, source: AnnotatedSource) -> AnnotationInput:
        """Sentences whose annotation is taken over."""
        return cls(source.info, source.key, lambda skipped: iter(source))

    @classmethod
    def of_source(cls, source: Source, options: CorpusOptions, annotate_fn: AnnotateFn | None) -> AnnotationInput:
        """Texts that spaCy annotates, or sentences with gold annotation.

        :raises CorpusError: if the annotator does not suit the source.
        :raises MissingPipelineError: if the spaCy pipeline is not installed.
        """
        annotator, language = options.annotator, options.description.language
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
        annotate = annotate_fn or Pipeline.annotate
        spacy = None if annotate_fn else SpacyInput(source, pipeline)
        return cls(info, source.key, lambda skipped: annotate(pipeline, source.texts(skipped), skipped), spacy)

    def key(self, limit: int | None) -> str:
        """Identifies the corpus that comes of it."""
        parts = [FORMAT_VERSION, self.content, self.info.annotator, self.info.annotator_version, limit]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True)
class AnnotationTask:
    """An annotation that is not in the cache."""

    input: AnnotationInput
    info: CorpusInfo
    folder: Path  # entry of the cache
    described: Mapping[str, Any]  # fields of `CorpusInfo` to show instead of those in the cache
    limit: int | None

    def locked(self) -> AbstractContextManager[None]:
        """Keeps other processes from annotating the same corpus."""
        return locked(self.folder, timeout=_PATIENCE)

    def open(self) -> ParquetCorpus:
        """Open the finished corpus."""
        return open_corpus(self.folder).described(**self.described)

    def run(self, progress: AnnotationProgress) -> ParquetCorpus:
        """Annotate in this process, or by the input's `annotate_fn`."""
        with self.locked():
            if not is_corpus(self.folder):
                skipped: Counter[str] = Counter()
                sentences = islice(self.input.sentences(skipped), self.limit)
                try:
                    write_corpus(self.info, self._watched(sentences, progress), self.folder, skipped)
                except BaseException:
                    shutil.rmtree(self.folder, ignore_errors=True)
                    raise
        return self.open()

    def _watched(self, sentences: Iterable[Sentence], progress: AnnotationProgress) -> Iterator[Sentence]:
        from huggingface_hub.utils import tqdm

        if callable(progress):
            for number, sentence in enumerate(sentences, 1):
                progress(number)
                yield sentence
            return
        disable: Any = None if progress is None else not progress  # None: where stderr is no terminal
        title = f"Annotating {self.info.name}"
        yield from tqdm(sentences, desc=title, total=self.limit, unit=" sentences", disable=disable)
