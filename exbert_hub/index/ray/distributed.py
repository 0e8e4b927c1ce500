"""Building on a Ray cluster: the same shards as on one machine, written by many; what each does is in `workers.py`."""

from __future__ import annotations

import json
import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from exbert_hub import hub
from exbert_hub.cache import locked
from exbert_hub.corpus.annotation.pipelines import TEXTS_PER_BATCH
from exbert_hub.corpus.annotation.worker_processes import read_answer
from exbert_hub.corpus.types import Coverage, Sentence
from exbert_hub.errors import BuildError, CorpusError
from exbert_hub.index.build.builder import IndexBuilder, LocalBuilder, build_with_stages
from exbert_hub.index.build.engine import RayEngine
from exbert_hub.index.build.job import BuildJob
from exbert_hub.index.build.plan import same_build
from exbert_hub.index.build.shards import MARKER, Shard, ShardJob, shard_folder
from exbert_hub.index.format import layout
from exbert_hub.index.format.layout import SHARD_LIST
from exbert_hub.index.format.manifest import Manifest
from exbert_hub.index.format.shard_list import list_text, shard_name
from exbert_hub.index.hub.card import render
from exbert_hub.index.hub.publish import without_folders
from exbert_hub.index.sharded.merged_manifest import merged

from .cluster import Cluster, connect
from .storage import Storage
from .workers import (
    CORPUS,
    Annotator,
    ModelPlace,
    Part,
    PieceCounter,
    ShardStorage,
    ShardWriter,
    piece_counts,
    write_blocks,
)

if TYPE_CHECKING:
    from exbert_hub.corpus.annotation.pipelines import Pipeline
    from exbert_hub.index.build.engine import Engine
    from exbert_hub.model import Inspector

logger = logging.getLogger(__name__)

_PLAN = "plan.json"
_FEW_BLOCKS = 16  # are counted here before a worker that counts has started
_WAVE = 4096  # blocks of texts on their way at once: what the driver and the object store hold


@contextmanager
def running(engine: Engine) -> Iterator[IndexBuilder]:
    """What annotates and builds while the block runs.

    :raises MissingExtraError: if Ray is not installed.
    :raises BuildError: if the cluster cannot be reached.
    """
    if engine == "local":
        yield LocalBuilder()
        return
    cluster = RayEngine() if engine == "ray" else engine
    started = connect(cluster)
    try:
        yield ClusterBuilder(Cluster(cluster))
    finally:
        if started:
            import ray

            ray.shutdown()


class ClusterBuilder:
    """Annotates and builds on a cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster, self._engine = cluster, cluster.engine
        self.annotate_fn = self.annotate

    def annotate(self, pipeline: Pipeline, texts: Iterable[str], skipped: Counter[str]) -> Iterator[Sentence]:
        """As `Pipeline.annotate`, by all workers; in the order of the texts."""
        remaining = iter(texts)
        blocks = iter(lambda: list(islice(remaining, TEXTS_PER_BATCH)), [])
        while wave := [json.dumps(block).encode() for block in islice(blocks, _WAVE)]:
            asked = self._cluster.ask(Annotator, {"pipeline": pipeline}, enumerate(wave), in_order=True)
            with closing(asked) as answers:
                for _, answer in answers:
                    yield from read_answer(answer, skipped)

    def build(self, job: BuildJob) -> str:
        """Build an index into a folder, or its shards into a folder or a repository of the Hub."""
        output = os.fspath(job.output)
        if output.startswith("hf://"):
            self._build_shards(job, Storage(output))
            return hub.repository_of(output)
        if self._engine.merge:
            return build_with_stages(job, self._write_shards)
        with locked(output):
            self._build_shards(job, Storage(str(Path(output).resolve())))
        return output

    def _write_shards(self, sentences: Iterable[Sentence], job: ShardJob) -> Iterator[Shard]:
        """What `write_shards` does, by all workers."""
        storage = Storage(self._engine.storage or str(job.folder.resolve()))
        ahead = Part(len(job.done), sum(shard.coverage.windows for shard in job.done), 0, 0, 0)
        parts = self._plan_parts(sentences, job, storage, ahead)
        self._write(parts, job, ShardStorage(storage, storage, whole=False), job.advance)
        for part in parts:
            folder = shard_folder(job.folder, part.number)
            if self._engine.storage:
                storage.fetch(folder.name, folder)
            shard = Shard.load(folder, part.number)
            if shard is None:
                raise BuildError(f"{storage.url} has no whole {folder.name}: is it the same place on every machine?")
            yield shard
        if self._engine.storage:
            for name in (CORPUS, *(shard_name(part.number) for part in parts)):
                storage.delete(name)

    def _build_shards(self, job: BuildJob, target: Storage) -> None:
        """Write shards that are indexes of their own; the list that makes them one goes last."""
        if target.on_hub:
            hub.open_folder(target.url)
            model, corpus_info = without_folders(job.plan.model, job.plan.corpus)
            job = replace(job, plan=replace(job.plan, model=model, corpus=corpus_info))
        plan, progress = job.plan, job.options.progress
        _make_room(target, job)
        target.write(_PLAN, plan.to_json().encode())
        storage = Storage(self._engine.storage) if self._engine.storage else target
        parts = self._plan_parts(plan.sentences(job.corpus), job, storage, Part(0, 0, 0, 0, 0))
        if not any(part.pieces for part in parts):
            raise CorpusError(f"{plan.corpus.source} has no piece that belongs to a word: there is nothing to index")
        if not parts[-1].pieces:  # no index of its own
            *parts, before, last = parts
            parts.append(before._replace(stop=last.stop))
        total, done = sum(part.pieces for part in parts), 0

        def advance(pieces: int) -> None:
            nonlocal done
            done += pieces
            if progress:
                progress(done, max(done, total))

        self._write(parts, job, ShardStorage(storage, target, whole=True), advance)
        manifests = [target.read(f"{shard_name(part.number)}/{layout.MANIFEST}") for part in parts]
        if None in manifests:
            raise BuildError(f"{target.url} lacks a shard that was written: is it the same place on every machine?")
        storage.delete(CORPUS)
        if target.on_hub:
            _write_card(target, [manifest.decode() for manifest in manifests if manifest])
        target.write(SHARD_LIST, list_text(manifest for manifest in manifests if manifest).encode())
        target.delete(_PLAN)

    def _plan_parts(
        self, sentences: Iterable[Sentence], job: BuildJob | ShardJob, storage: Storage, first: Part
    ) -> list[Part]:
        """Cut the corpus where a build on one machine would cut it, after a pass that only tokenises."""
        inspector, plan = job.inspector, job.plan
        sizes = write_blocks(sentences, plan.corpus.extra_labels, storage)
        if len(sizes) <= _FEW_BLOCKS:
            counts = [piece_counts(storage, block, inspector, plan.window) for block in range(len(sizes))]
        else:
            options = {"model": self._place(inspector), "storage": storage, "window": plan.window}
            blocks = [(block, str(block).encode()) for block in range(len(sizes))]
            answers = dict(self._cluster.ask(PieceCounter, options, blocks))
            counts = [PieceCounter.read(answers[block]) for block in range(len(sizes))]
        parts = list(_cut(np.concatenate(counts), plan.shard_pieces, first)) if counts else []
        logger.info("%d shards to be written on the cluster", len(parts))
        return parts

    def _write(
        self,
        parts: Sequence[Part],
        job: BuildJob | ShardJob,
        places: ShardStorage,
        advance: Callable[[int], None],
    ) -> None:
        """Write those shards that are not there yet."""
        last = layout.MANIFEST if places.whole else MARKER
        missing = [part for part in parts if places.target.read(f"{shard_name(part.number)}/{last}") is None]
        options = {"model": self._place(job.inspector), "places": places, "plan": job.plan}
        questions = [(part.number, json.dumps(part).encode()) for part in missing]
        with closing(self._cluster.ask(ShardWriter, options, questions, model=True)) as answers:
            for _, answer in answers:
                advance(Coverage(**json.loads(answer)).pieces)

    def _place(self, inspector: Inspector) -> ModelPlace:
        return ModelPlace.of(inspector, self._engine.threads)


def _cut(counts: np.ndarray, full: int, first: Part) -> Iterator[Part]:
    """Sentences until a shard is full: the rule of `write_shards`.

    :param counts: [sentences, 2]: indexed pieces, windows.
    """
    number, first_sentence, start = first.number, first.first_sentence, 0
    pieces = 0
    for stop, (indexed, _) in enumerate(counts, 1):
        pieces += int(indexed)
        if pieces >= full or stop == len(counts):
            yield Part(number, first_sentence, start, stop, pieces)
            number, first_sentence = number + 1, first_sentence + int(counts[start:stop, 1].sum())
            start, pieces = stop, 0


def _write_card(target: Storage, manifests: Sequence[str]) -> None:
    """So that the shards are found as one index."""
    repo_id = hub.repository_of(target.url)
    named = [(shard_name(number), text) for number, text in enumerate(manifests)]
    shards = [(name, Manifest.from_json(text, f"{repo_id}/{name}")) for name, text in named]
    old = target.read(layout.CARD)
    target.write(layout.CARD, render(repo_id, merged(shards, files=True), old.decode() if old else None).encode())


def _make_room(target: Storage, job: BuildJob) -> None:
    """Check that nothing else was built there."""
    written, finished = target.read(_PLAN), target.read(SHARD_LIST) or target.read(layout.MANIFEST)
    if written is None and finished is None:
        return
    if job.options.resume and written and same_build(written.decode(), job.plan):
        return
    if not job.options.overwrite:
        occupant = "a finished index" if finished else "an interrupted build"
        raise BuildError(
            f"{target.url} holds {occupant}: choose overwrite=True (--overwrite) to replace it, "
            "resume=True (--resume) to continue the same build, or another place."
        )
    number = 0
    target.delete(SHARD_LIST)  # first: from here on it is no index
    while target.read(f"{shard_name(number)}/{layout.MANIFEST}") is not None:
        target.delete(shard_name(number))
        number += 1
