"""A corpus that is annotated while it is read, by processes of its own."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from exbert_hub.corpus.storage.corpus_writer import CorpusWriter
from exbert_hub.corpus.storage.parquet_corpus import ParquetCorpus, is_corpus, read_files
from exbert_hub.corpus.types import CorpusInfo, Sentence
from exbert_hub.errors import CorpusError
from exbert_hub.files import write_atomic

from .task import AnnotationTask, SpacyInput
from .worker_processes import AnnotatedBlock, WorkerProcesses

if TYPE_CHECKING:
    from pydantic import TypeAdapter

logger = logging.getLogger(__name__)

_CHECKPOINT = "checkpoint.json"
_PART = 2000  # sentences that an interruption loses at most


@dataclass(frozen=True)
class Checkpoint:
    """How far an annotation has come; everything before that lies in complete files."""

    texts: int = 0
    bytes: int = 0
    sentences: int = 0
    files: tuple[str, ...] = ()
    skipped: dict[str, int] = field(default_factory=dict)  # by the pipeline; the source's is counted while it is read

    @classmethod
    def load(cls, folder: Path) -> Checkpoint:
        """The checkpoint in a folder; the beginning if there is none, or if it cannot be read."""
        try:
            return _checkpoint_adapter().validate_json((folder / _CHECKPOINT).read_bytes())
        except (FileNotFoundError, ValueError):
            return cls()

    def save(self, folder: Path) -> None:
        write_atomic(folder / _CHECKPOINT, _checkpoint_adapter().dump_json(self).decode())


@cache
def _checkpoint_adapter() -> TypeAdapter[Checkpoint]:
    from pydantic import TypeAdapter

    return TypeAdapter(Checkpoint)


class StreamedCorpus:
    """An `AnnotatedCorpus` that need not be complete: sentences come as fast as they are annotated.

    Annotated sentences are written into the cache: later iterations read them from there, and an interrupted
    annotation continues there. One thread at a time may iterate.

    :param task: the annotation, with its place in the cache.
    :param spacy: the texts, and the pipeline that the processes run.
    :param processes: how many.
    """

    def __init__(self, task: AnnotationTask, spacy: SpacyInput, processes: int) -> None:
        self._task, self._source = task, spacy.source
        self._complete: ParquetCorpus | None = None
        self._stack = ExitStack()
        self._stack.enter_context(task.locked())
        if is_corpus(task.folder):  # another process had just finished it
            self._open_complete()
            return
        self._checkpoint = Checkpoint.load(task.folder)
        try:
            self._writer = CorpusWriter(task.folder, self._checkpoint.files)
        except CorpusError as error:
            logger.warning("Annotation starts again: %s", error)
            self._checkpoint = Checkpoint()
            self._writer = CorpusWriter(task.folder)
        self._stack.enter_context(self._writer)
        if self._checkpoint.texts:
            logger.info("Annotation continues after %d sentences", self._checkpoint.sentences)
        self._recent: list[Sentence] = []  # not in a complete file yet, and the block before
        self._recent_start = self._checkpoint.sentences
        self._texts, self._bytes = self._checkpoint.texts, self._checkpoint.bytes
        self._skipped_by_source: Counter[str] = Counter()
        self._skipped_by_pipeline = Counter(self._checkpoint.skipped)
        self._workers = WorkerProcesses(spacy.pipeline, processes)
        self._stack.callback(self._workers.close)
        texts = islice(self._source.texts(self._skipped_by_source), self._texts, None)
        self._blocks = self._workers.annotate(texts)
        self._seconds_spent, self._sentences_timed = 0.0, 0

    @property
    def info(self) -> CorpusInfo:
        """`sha256` is empty until the corpus is complete; `key` is known before."""
        return self._complete.info if self._complete else replace(self._task.info, **self._task.described)

    @property
    def expected(self) -> int:
        """Estimated number of sentences; exact once the corpus is complete."""
        if self._complete:
            return len(self._complete)
        annotated = self._annotated
        if not self._bytes or not self._source.size:
            return max(1, annotated)
        total = max(annotated, round(annotated * self._source.size / self._bytes))
        return min(total, self._task.limit or total)

    @property
    def seconds_left(self) -> float:
        """Estimated time for the rest of the annotation, if nothing else holds it up."""
        if self._complete or not self._sentences_timed:
            return 0.0
        seconds_each = self._seconds_spent / self._sentences_timed
        return (self.expected - self._annotated) * seconds_each / self._workers.count

    def __len__(self) -> int:
        """Annotates the rest first."""
        while self._complete is None:
            self._advance()
        return len(self._complete)

    def __iter__(self) -> Iterator[Sentence]:
        read = 0
        while self._complete is None:
            if read < self._recent_start:
                files = [self._task.folder / name for name in self._checkpoint.files]
                for sentence in islice(read_files(files), read, self._recent_start):
                    read += 1
                    yield sentence
            elif read < self._annotated:
                read += 1
                yield self._recent[read - 1 - self._recent_start]
            else:
                self._advance()
        yield from islice(self._complete, read, None)

    def close(self) -> None:
        """End the annotation where it is; a complete corpus can still be read."""
        self._stack.close()

    def _advance(self) -> None:
        """Take in the next block."""
        block = next(self._blocks, None)
        if block is not None and not self._is_full():
            self._add(block)
        if block is None or self._is_full():
            self._finish()

    def _is_full(self) -> bool:
        return self._task.limit is not None and self._annotated >= self._task.limit

    @property
    def _annotated(self) -> int:
        """Sentences so far."""
        return self._recent_start + len(self._recent)

    def _add(self, block: AnnotatedBlock) -> None:
        self._texts += block.texts
        self._bytes += block.bytes
        self._seconds_spent += block.seconds
        self._sentences_timed += len(block.sentences)
        self._skipped_by_pipeline.update(block.skipped)
        room = None if self._task.limit is None else self._task.limit - self._annotated
        written = self._writer.write(block.sentences[:room])
        self._recent += written
        if self._annotated - self._checkpoint.sentences >= _PART:
            self._save_checkpoint()
            # who reads in step with the annotation has read all but this block
            self._recent_start, self._recent = self._annotated - len(written), written

    def _save_checkpoint(self) -> None:
        writer = self._writer
        writer.close_file()
        skipped = dict(self._skipped_by_pipeline)
        self._checkpoint = Checkpoint(self._texts, self._bytes, writer.sentences, tuple(writer.files), skipped)
        self._checkpoint.save(self._task.folder)

    def _finish(self) -> None:
        self._writer.complete(self._task.info, {**self._skipped_by_source, **self._skipped_by_pipeline})
        (self._task.folder / _CHECKPOINT).unlink(missing_ok=True)
        self._open_complete()

    def _open_complete(self) -> None:
        self._complete = self._task.open()
        self.close()
