"""What the machines of a cluster do for a build: annotate texts, count pieces, write shards.

Each worker is a class whose instances Ray Data keeps in actors; it gets rows of a number and a question, and answers
each. A question may come twice, when a worker was lost: the answer is the same, and so are the files written for it.
"""

from __future__ import annotations

import json
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from exbert_hub.corpus.annotation.pipelines import Pipeline
from exbert_hub.corpus.annotation.worker_processes import answer_to
from exbert_hub.corpus.storage.arrow import batch_of, sentences_of
from exbert_hub.corpus.types import Sentence
from exbert_hub.errors import BuildError
from exbert_hub.index.build.compute import compute_shard
from exbert_hub.index.build.plan import BuildPlan
from exbert_hub.index.build.shards import MARKER, ShardTask, groups, merge, write_shard
from exbert_hub.index.build.windows import iter_windows
from exbert_hub.index.format import layout
from exbert_hub.index.format.shard_list import shard_name

from .storage import Storage

if TYPE_CHECKING:
    from exbert_hub.model import Inspector
    from exbert_hub.model.types import Tokens

BLOCK = 1024  # sentences of a block
CORPUS = "corpus"

RayBatch = dict[str, Any]
"""Rows of a Ray data set, as columns."""


class Part(NamedTuple):
    """The sentences of one shard."""

    number: int
    first_sentence: int  # rows of the sentences table in the shards before
    start: int  # of the sentences that are in the storage
    stop: int
    pieces: int  # indexed ones


@dataclass(frozen=True)
class ModelPlace:
    """Where each worker loads the model from; it must find the same one there."""

    name: str
    revision: str | None
    dtype: str
    threads: int
    start_token: str | None = None

    @classmethod
    def of(cls, inspector: Inspector, threads: int) -> ModelPlace:
        model_info = inspector.model_info
        name = str(Path(model_info.model_id).resolve()) if Path(model_info.model_id).is_dir() else model_info.model_id
        dtype = str(inspector.model.dtype).removeprefix("torch.")
        return cls(name, model_info.revision, dtype, threads, model_info.start_token)

    def load(self, plan: BuildPlan) -> Inspector:
        import torch

        from exbert_hub.model import Inspector

        torch.set_num_threads(self.threads)
        inspector = Inspector.from_pretrained(
            self.name, revision=self.revision, dtype=self.dtype, start_token=self.start_token
        )
        for name in ("weights_fingerprint", "tokenizer_fingerprint"):
            if getattr(inspector.model_info, name) != getattr(plan.model, name):
                raise BuildError(
                    f"a worker finds another model under {self.name} than the one that the build began with: give a "
                    "Hub id with its revision, or a folder that is the same on every machine of the cluster"
                )
        return inspector


@dataclass(frozen=True)
class ShardStorage:
    """Where workers find the corpus, and what becomes of the shards that they write."""

    corpus: Storage
    target: Storage
    whole: bool  # whether each shard is to be an index of its own, or a part of one


class _Worker(ABC):
    def __call__(self, batch: RayBatch) -> RayBatch:
        return {"number": batch["number"], "answer": [self.answer(question) for question in batch["question"]]}

    @abstractmethod
    def answer(self, question: bytes) -> bytes:
        """The answer to one question."""


class Annotator(_Worker):
    """Texts in, annotated sentences out."""

    def __init__(self, pipeline: Pipeline) -> None:
        there = Pipeline.find(pipeline.name)
        if there.version != pipeline.version:
            raise BuildError(
                f"a worker has {there.name} {there.version}, the build began with {pipeline.version}: install "
                "the same on every machine of the cluster"
            )
        self._pipeline, self._nlp = there, there.load()

    def answer(self, question: bytes) -> bytes:
        return answer_to(question, self._pipeline, self._nlp)


class PieceCounter(_Worker):
    """How many pieces and windows each sentence of a block has: where shards begin is known before any is written."""

    def __init__(self, model: ModelPlace, storage: Storage, window: int) -> None:
        self._tokenizer, self._storage, self._window = _Tokenizer(model), storage, window

    def answer(self, question: bytes) -> bytes:
        inspector = cast("Inspector", self._tokenizer)
        return piece_counts(self._storage, int(question), inspector, self._window).tobytes()

    @staticmethod
    def read(answer: bytes) -> np.ndarray:
        """What `piece_counts` gave."""
        return np.frombuffer(answer, np.int32).reshape(-1, 2)


def piece_counts(storage: Storage, block: int, inspector: Inspector, window: int) -> np.ndarray:
    """int32 [sentences, 2]: indexed pieces and windows of each sentence of a block."""
    cut = iter_windows(_read_block(storage, block), inspector, window)
    counts = [(sum(int(part.indexed.sum()) for part in parts), len(parts)) for _, parts in cut]
    return np.array(counts, np.int32).reshape(-1, 2)


class _Tokenizer:
    """As much of an inspector as it takes to cut sentences into windows."""

    def __init__(self, model: ModelPlace) -> None:
        from transformers import AutoTokenizer

        from exbert_hub.model.start_token import named_start_token

        try:
            self._tokenizer = AutoTokenizer.from_pretrained(model.name, revision=model.revision)
        except (OSError, ValueError) as error:
            brief = str(error).strip().splitlines()[0]
            raise BuildError(f"a worker cannot load the tokenizer of {model.name}: {brief}") from error
        piece = model.start_token
        self._start = None if piece is None else named_start_token(self._tokenizer, piece)

    def tokenize_batch(self, texts: Sequence[str]) -> list[Tokens]:
        from exbert_hub.model.tokens import tokenize

        return tokenize(self._tokenizer, texts, start=self._start)

    def tokenize(self, text: str) -> Tokens:
        return self.tokenize_batch([text])[0]


class ShardWriter(_Worker):
    """Writes a shard and puts it into the storage: as a part of an index to be merged, or as an index of its own."""

    def __init__(self, model: ModelPlace, places: ShardStorage, plan: BuildPlan) -> None:
        self._inspector, self._places, self._plan = model.load(plan), places, plan

    def answer(self, question: bytes) -> bytes:
        part = Part(*json.loads(question))
        places = self._places
        sentences = _read_sentences(places.corpus, part.start, part.stop)
        number, before = (0, 0) if places.whole else (part.number, part.first_sentence)
        (group,) = groups(sentences, self._inspector, replace(self._plan, shard_pieces=part.pieces + 1))  # all in one
        if group.coverage.pieces_indexed != part.pieces:
            raise BuildError(f"shard {part.number} has not the pieces that were counted: is the corpus the same?")
        arrays = compute_shard(group.windows, self._inspector, self._plan, _unheard)
        with tempfile.TemporaryDirectory(prefix="exbert-shard-") as folder:
            ready, last = Path(folder) / "shard", MARKER
            shard = write_shard(ShardTask(ready, number, before, group), arrays, self._plan)
            if places.whole:
                from exbert_hub.index.build.build import describe

                ready, last = Path(folder) / "index", layout.MANIFEST
                ready.mkdir()
                merge([shard], self._plan, ready)
                describe(self._plan, shard.coverage, [shard], ready).save(ready)
            places.target.put(ready, shard_name(part.number), last)
        return json.dumps(asdict(shard.coverage)).encode()


def _unheard(pieces: int) -> None:
    """Progress is reported per shard."""


def write_blocks(sentences: Iterable[Sentence], extra: Sequence[str], storage: Storage) -> list[int]:
    """Put the sentences of a corpus where all workers read them; how many each block has."""
    remaining = iter(sentences)
    sizes: list[int] = []
    with tempfile.TemporaryDirectory(prefix="exbert-corpus-") as folder:
        while batch := list(islice(remaining, BLOCK)):
            table = pa.Table.from_batches([batch_of(batch, list(extra))])
            pq.write_table(table, Path(folder) / _block_name(len(sizes)), compression="zstd")
            sizes.append(len(batch))
        storage.put(Path(folder), CORPUS)
    return sizes


def _read_sentences(storage: Storage, start: int, stop: int) -> Iterator[Sentence]:
    blocks = range(start // BLOCK, -(-stop // BLOCK))
    sentences = (sentence for block in blocks for sentence in _read_block(storage, block))
    return islice(sentences, start % BLOCK, start % BLOCK + stop - start)


def _read_block(storage: Storage, block: int) -> Iterator[Sentence]:
    content = storage.read(f"{CORPUS}/{_block_name(block)}")
    if content is None:
        raise BuildError(
            f"{storage.url} has no {CORPUS}/{_block_name(block)}: is it a folder that every machine of the cluster "
            "sees? Otherwise give a URL (storage)."
        )
    for batch in pq.read_table(BytesIO(content)).to_batches():
        yield from sentences_of(batch)


def _block_name(block: int) -> str:
    return f"block-{block:07d}.parquet"
