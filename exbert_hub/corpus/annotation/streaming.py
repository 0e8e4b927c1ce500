"""A corpus that is annotated while it is read, by processes of its own."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from exbert_hub.cache import locked
from exbert_hub.corpus.sources.find import Source
from exbert_hub.corpus.storage.corpus_store import CorpusWriter, ParquetCorpus, is_corpus, open_corpus, read_files
from exbert_hub.corpus.types import CorpusInfo, Sentence
from exbert_hub.errors import CorpusError
from exbert_hub.files import write_atomic

from .pipelines import Pipeline
from .worker_processes import AnnotatingProcesses, Block

logger = logging.getLogger(__name__)

_STATE = "growing.json"
_PART = 2000  # sentences: what an interrupted annotation loses at most


@dataclass(frozen=True)
class _State:
    """How far an annotation has come; everything before that lies in whole files."""

    texts: int = 0
    bytes: int = 0
    sentences: int = 0
    files: tuple[str, ...] = ()
    skipped: dict[str, int] | None = None  # by the pipeline; what the source skips is counted while it is read

    @classmethod
    def load(cls, folder: Path) -> _State:
        try:
            state = cls(**json.loads((folder / _STATE).read_text("utf-8")))
            return replace(state, files=tuple(state.files))
        except (FileNotFoundError, ValueError, TypeError):  # none, or cut short
            return cls()


class GrowingCorpus:
    """An `AnnotatedCorpus` that need not be complete: sentences come as fast as they are annotated.

    What is annotated goes into the cache, where it is read when the corpus is iterated again, and where an interrupted
    annotation goes on. One thread at a time may iterate.

    :param folder: entry of the cache.
    :param given: fields of `CorpusInfo` to be told instead of those in the cache.
    """

    def __init__(
        self,
        info: CorpusInfo,
        source: Source,
        pipeline: Pipeline,
        folder: Path,
        *,
        given: dict[str, Any],
        limit: int | None,
        processes: int,
        patience: float,
    ) -> None:
        self._info, self._source, self._given, self._limit = info, source, given, limit
        self._folder = folder
        self._done: ParquetCorpus | None = None
        self._stack = ExitStack()
        self._stack.enter_context(locked(folder, timeout=patience))
        if is_corpus(folder):  # another process had just finished it
            self._finish()
            return
        self._state = _State.load(folder)
        try:
            self._writer = CorpusWriter(folder, self._state.files)
        except CorpusError as error:
            logger.warning("Annotation begins anew: %s", error)
            self._state = _State()
            self._writer = CorpusWriter(folder)
        self._stack.enter_context(self._writer)
        if self._state.texts:
            logger.info("Annotation goes on after %d sentences", self._state.sentences)
        self._tail: list[Sentence] = []  # what is in no whole file yet, and the block before that
        self._tail_start = self._state.sentences
        self._texts, self._bytes = self._state.texts, self._state.bytes
        self._from_source: Counter[str] = Counter()
        self._by_pipeline = Counter(self._state.skipped or {})
        self._workers = AnnotatingProcesses(pipeline, processes)
        self._stack.callback(self._workers.close)
        texts = islice(source.texts(self._from_source), self._texts, None)
        self._blocks = self._workers.annotate(texts)
        self._busy, self._sentences_timed = 0.0, 0

    @property
    def info(self) -> CorpusInfo:
        """`sha256` is empty until the corpus is complete; `key` is known before."""
        return self._done.info if self._done else replace(self._info, **self._given)

    @property
    def expected(self) -> int:
        """Sentences there will be, as far as can be told."""
        if self._done:
            return len(self._done)
        so_far = self._so_far
        if not self._bytes or not self._source.size:
            return max(1, so_far)
        total = max(so_far, round(so_far * self._source.size / self._bytes))
        return min(total, self._limit or total)

    @property
    def seconds_left(self) -> float:
        """What the rest of the annotation takes, if nothing else holds it up."""
        if self._done or not self._sentences_timed:
            return 0.0
        return (self.expected - self._so_far) * self._busy / self._sentences_timed / self._workers.count

    def __len__(self) -> int:
        """Annotates the rest first."""
        while self._done is None:
            self._advance()
        return len(self._done)

    def __iter__(self) -> Iterator[Sentence]:
        read = 0
        while self._done is None:
            if read < self._tail_start:
                files = [self._folder / name for name in self._state.files]
                for sentence in islice(read_files(files), read, self._tail_start):
                    read += 1
                    yield sentence
            elif read < self._so_far:
                read += 1
                yield self._tail[read - 1 - self._tail_start]
            else:
                self._advance()
        yield from islice(self._done, read, None)

    def close(self) -> None:
        """End the annotation where it is; a complete corpus can still be read."""
        self._stack.close()

    def _advance(self) -> None:
        """Take in the next block."""
        block = next(self._blocks, None)
        if block is not None and not self._is_full():
            self._take(block)
        if block is None or self._is_full():
            self._complete()

    def _is_full(self) -> bool:
        return self._limit is not None and self._so_far >= self._limit

    @property
    def _so_far(self) -> int:
        return self._tail_start + len(self._tail)

    def _take(self, block: Block) -> None:
        self._texts, self._bytes = self._texts + block.texts, self._bytes + block.bytes
        self._busy, self._sentences_timed = self._busy + block.seconds, self._sentences_timed + len(block.sentences)
        self._by_pipeline.update(block.skipped)
        room = None if self._limit is None else self._limit - self._so_far
        written = self._writer.write(block.sentences[:room])
        self._tail += written
        if self._so_far - self._state.sentences >= _PART:
            self._save()
            # who reads in step with the annotation has read all but this block
            self._tail_start, self._tail = self._so_far - len(written), written

    def _save(self) -> None:
        writer = self._writer
        writer.close_file()
        skipped = dict(self._by_pipeline)
        self._state = _State(self._texts, self._bytes, writer.sentences, tuple(writer.files), skipped)
        write_atomic(self._folder / _STATE, json.dumps(asdict(self._state)))

    def _complete(self) -> None:
        self._writer.complete(self._info, {**self._from_source, **self._by_pipeline})
        (self._folder / _STATE).unlink(missing_ok=True)
        self._finish()

    def _finish(self) -> None:
        self._done = open_corpus(self._folder).described(**self._given)
        self.close()
