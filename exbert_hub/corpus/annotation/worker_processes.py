"""Annotation in processes of its own: spaCy holds the interpreter's lock, so beside it nothing else would run.

The processes are those of loky, which never imports the user's `__main__`: a script without a `__main__` guard, a
notebook and standard input all work, where `concurrent.futures` would run the script again in each process. Texts go
in as strings, and what is annotated comes back in Arrow's stream format. Workers of a cluster answer the same way
(`index/ray/workers.py`).
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from itertools import islice
from typing import TYPE_CHECKING

from exbert_hub.corpus.storage.arrow import batch_of, sentences_of
from exbert_hub.corpus.types import Sentence
from exbert_hub.errors import CorpusError

from .pipelines import AT_ONCE, Pipeline

if TYPE_CHECKING:
    from spacy.language import Language

_AHEAD = 1_000_000  # characters annotated before they are asked for: more than the next shard


@dataclass(frozen=True)
class AnnotatedBlock:
    """`AT_ONCE` texts and their sentences."""

    texts: int
    bytes: int  # of the texts, in UTF-8
    sentences: list[Sentence]
    skipped: Counter[str]
    seconds: float  # that a process worked on it


class WorkerProcesses:
    """Processes that each hold a spaCy pipeline; they start when the first text comes."""

    def __init__(self, pipeline: Pipeline, count: int) -> None:
        from loky import ProcessPoolExecutor

        self.count = count
        self._pipeline = pipeline
        self._executor = ProcessPoolExecutor(
            count, initializer=_start_worker, initargs=(os.getpid(),), env={"OMP_NUM_THREADS": "1"}
        )

    def annotate(self, texts: Iterable[str]) -> Iterator[AnnotatedBlock]:
        """The texts in order, a bounded number of them ahead of what is asked for.

        :raises CorpusError: if a process died.
        """
        waiting: deque[tuple[list[str], Future[tuple[bytes, float]]]] = deque()
        ahead = 0
        remaining = iter(texts)
        while block := list(islice(remaining, AT_ONCE)):
            waiting.append((block, self._executor.submit(_annotate_block, self._pipeline.name, block)))
            ahead += sum(map(len, block))
            while ahead > _AHEAD:
                oldest, future = waiting.popleft()
                ahead -= sum(map(len, oldest))
                yield self._result(oldest, future)
        for block, future in waiting:
            yield self._result(block, future)

    def close(self) -> None:
        """End the processes, in the middle of their work if need be."""
        self._executor.shutdown(wait=True, kill_workers=True)

    def _result(self, texts: list[str], future: Future[tuple[bytes, float]]) -> AnnotatedBlock:
        try:
            answer, seconds = future.result()
        except BrokenProcessPool as error:
            raise CorpusError(
                f"a process that annotates with {self._pipeline.name} died; see above for what it printed. Is there "
                "too little memory? Annotate again: what is finished is kept."
            ) from error
        skipped: Counter[str] = Counter()
        sentences = list(read_answer(answer, skipped))
        size = sum(len(text.encode("utf-8", "replace")) for text in texts)
        return AnnotatedBlock(len(texts), size, sentences, skipped, seconds)


def _start_worker(parent: int) -> None:
    """What a process does first."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then ends its workers
    os.dup2(2, 1)  # what a library prints must not get into the parent's output
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    """End this process when its parent is gone, however that came about."""
    import psutil

    try:
        process = psutil.Process(parent)
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            time.sleep(1)
    finally:
        os._exit(1)


def _annotate_block(pipeline_name: str, texts: list[str]) -> tuple[bytes, float]:
    """What a process does with a block: its annotation, and the seconds that it took."""
    pipeline, nlp = _load(pipeline_name)
    start = time.perf_counter()
    return _annotation_of(texts, pipeline, nlp), time.perf_counter() - start


@cache
def _load(pipeline_name: str) -> tuple[Pipeline, Language]:
    pipeline = Pipeline.find(pipeline_name)
    return pipeline, pipeline.load()


def answer_to(question: bytes, pipeline: Pipeline, nlp: Language) -> bytes:
    """Sentences in Arrow's stream format, with what was skipped.

    :param question: texts as a JSON list.
    """
    return _annotation_of(json.loads(question), pipeline, nlp)


def _annotation_of(texts: list[str], pipeline: Pipeline, nlp: Language) -> bytes:
    import pyarrow as pa

    skipped: Counter[str] = Counter()
    batch = batch_of(list(pipeline.annotate(texts, skipped, nlp)), [])
    sink = BytesIO()
    with pa.ipc.new_stream(sink, batch.schema.with_metadata({"skipped": json.dumps(skipped)})) as writer:
        writer.write_batch(batch)
    return sink.getvalue()


def read_answer(answer: bytes, skipped: Counter[str]) -> Iterator[Sentence]:
    """What `answer_to` wrote; adds to `skipped`."""
    import pyarrow as pa

    with pa.ipc.open_stream(answer) as reader:
        skipped.update(json.loads(reader.schema.metadata[b"skipped"]))
        for batch in reader:
            yield from sentences_of(batch)
