"""Annotation in processes of its own: spaCy holds the interpreter's lock, so beside it nothing else would run.

A process reads JSON lines with texts and answers in Arrow's stream format, its length before it; nothing is pickled.
It ends when its parent is gone, for whatever reason. Workers of a cluster answer alike (`index/ray/workers.py`).

Why not an executor: that of `concurrent.futures` runs a script without a `__main__` guard again in every process.
loky's (3.7) does not, but its processes answer through one shared pipe, and when one was killed in the middle of an
answer, as happens when memory runs out, the parent waited for the rest forever; here each process has its own pipes.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import struct
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from exbert_hub.corpus.storage.arrow import batch_of, sentences_of
from exbert_hub.corpus.types import Sentence
from exbert_hub.errors import CorpusError

from .pipelines import TEXTS_PER_BATCH, Pipeline

if TYPE_CHECKING:
    from spacy.language import Language

_LENGTH = struct.Struct("<Q")
_AHEAD = 1_000_000  # characters annotated before they are needed: more than the next shard
_START = "from exbert_hub.corpus.annotation.worker_processes import serve; serve()"


@dataclass(frozen=True)
class AnnotatedBlock:
    """`TEXTS_PER_BATCH` texts and their sentences."""

    texts: int
    bytes: int  # of the texts, in UTF-8
    sentences: list[Sentence]
    skipped: Counter[str]
    seconds: float  # that a process worked on it


class WorkerProcesses:
    """Processes that each hold a spaCy pipeline; they start when the first text comes."""

    def __init__(self, pipeline: Pipeline, count: int) -> None:
        self.count = count
        self._pipeline = pipeline
        self._threads = ThreadPoolExecutor(count, "exbert-annotation")
        self._free: SimpleQueue[subprocess.Popen[bytes] | None] = SimpleQueue()
        for _ in range(count):
            self._free.put(None)
        self._running: list[subprocess.Popen[bytes]] = []

    def annotate(self, texts: Iterable[str]) -> Iterator[AnnotatedBlock]:
        """Annotate texts, in order; a bounded number of them before they are needed.

        :raises CorpusError: if a process died.
        """
        waiting: deque[tuple[int, Future[AnnotatedBlock]]] = deque()
        ahead = 0
        remaining = iter(texts)
        while block := list(islice(remaining, TEXTS_PER_BATCH)):
            characters = sum(map(len, block))
            waiting.append((characters, self._threads.submit(self._annotate_block, block)))
            ahead += characters
            while ahead > _AHEAD:
                characters, oldest = waiting.popleft()
                ahead -= characters
                yield oldest.result()
        for _, block_done in waiting:
            yield block_done.result()

    def close(self) -> None:
        """End the processes, in the middle of their work if need be."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for process in self._running:
            process.kill()
        self._threads.shutdown(wait=True)
        for process in self._running:
            with contextlib.suppress(BrokenPipeError), process:  # closes its pipes and waits for it
                pass

    def _annotate_block(self, texts: list[str]) -> AnnotatedBlock:
        import pyarrow as pa

        process = self._free.get() or self._start()
        start = time.perf_counter()
        skipped: Counter[str] = Counter()
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(json.dumps(texts).encode() + b"\n")
            process.stdin.flush()
            (length,) = _LENGTH.unpack(process.stdout.read(_LENGTH.size))
            sentences = list(read_answer(process.stdout.read(length), skipped))
        except (OSError, struct.error, pa.ArrowException) as error:
            raise CorpusError(
                f"a process that annotates with {self._pipeline.name} died; see above for what it printed. Is there "
                "too little memory? Annotate again: what is finished is kept."
            ) from error
        finally:
            self._free.put(process)
        size = sum(len(text.encode("utf-8", "replace")) for text in texts)
        return AnnotatedBlock(len(texts), size, sentences, skipped, time.perf_counter() - start)

    def _start(self) -> subprocess.Popen[bytes]:
        root = str(Path(__file__).resolve().parents[3])
        path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
        process = subprocess.Popen(
            [sys.executable, "-c", _START, self._pipeline.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        )
        self._running.append(process)
        return process


def serve() -> None:
    """The main function of a process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes the pipe
    with os.fdopen(os.dup(1), "wb") as answers, contextlib.suppress(BrokenPipeError):
        os.dup2(2, 1)  # so that output of libraries does not mix with the answers
        pipeline = Pipeline.find(sys.argv[1])
        nlp = pipeline.load()
        for question in sys.stdin.buffer:
            answer = answer_to(question, pipeline, nlp)
            answers.write(_LENGTH.pack(len(answer)) + answer)
            answers.flush()


def answer_to(question: bytes, pipeline: Pipeline, nlp: Language) -> bytes:
    """Sentences in Arrow's stream format, with what was skipped.

    :param question: texts as a JSON list.
    """
    import pyarrow as pa

    skipped: Counter[str] = Counter()
    batch = batch_of(list(pipeline.annotate(json.loads(question), skipped, nlp)), [])
    sink = BytesIO()
    with pa.ipc.new_stream(sink, batch.schema.with_metadata({"skipped": json.dumps(skipped)})) as writer:
        writer.write_batch(batch)
    return sink.getvalue()


def read_answer(answer: bytes, skipped: Counter[str]) -> Iterator[Sentence]:
    """The sentences of an answer of `answer_to`; adds its counts to `skipped`."""
    import pyarrow as pa

    with pa.ipc.open_stream(answer) as reader:
        skipped.update(json.loads(reader.schema.metadata[b"skipped"]))
        for batch in reader:
            yield from sentences_of(batch)
