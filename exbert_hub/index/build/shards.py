"""Shards: each a small index in the final layout, complete on disk before it counts.

The shard is the checkpoint of a build and its unit of work: `shard.json`, which is written last, names its files with
their sizes and hashes, so a shard either counts or does not exist.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pyarrow.parquet as pq

from exbert_hub.checked_json import parse_json
from exbert_hub.corpus.types import Coverage, Sentence
from exbert_hub.errors import BuildError
from exbert_hub.files import link_or_copy, sha256_of, sync, write_atomic
from exbert_hub.index.format import layout
from exbert_hub.index.format.codecs import CODECS
from exbert_hub.index.format.head_schema import stack_of
from exbert_hub.index.format.manifest import FileEntry, VectorSpec
from exbert_hub.index.measure.head_counts import HeadCounts, add_up, heads_table
from exbert_hub.index.store.attention_files import merge_attention, write_attention
from exbert_hub.index.store.vectors import merge_vectors, write_vectors

from .compute import ShardArrays, compute_shard
from .plan import BuildPlan
from .table_rows import sentences_table, tokens_table
from .windows import Window, count, iter_windows

if TYPE_CHECKING:
    from exbert_hub.model import Inspector

logger = logging.getLogger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")

MARKER = "shard.json"
_HEADS = "heads.npz"  # sums, which become rows of heads.parquet at the merge


@dataclass(frozen=True)
class ShardMarker:
    """What `shard.json` says, which is there once the shard is whole."""

    coverage: Coverage
    files: dict[str, FileEntry]


@dataclass(frozen=True)
class Shard:
    """A finished shard."""

    folder: Path
    number: int
    coverage: Coverage  # its `sentences` are also how far the corpus was read

    @classmethod
    def load(cls, folder: Path, number: int) -> Shard | None:
        """The shard in a folder; None if it is not whole."""
        try:
            marker = parse_json((folder / MARKER).read_bytes(), ShardMarker, MARKER, BuildError)
            files = {folder / name: entry for name, entry in marker.files.items()}
            whole = all(path.stat().st_size == entry.size for path, entry in files.items())
            if whole and all(sha256_of(path) == entry.sha256 for path, entry in files.items()):
                return cls(folder, number, marker.coverage)
        except FileNotFoundError:
            return None
        except BuildError:
            pass
        logger.warning("%s is damaged and will be built again", folder)
        return None


@dataclass(frozen=True)
class Group:
    """The windows of whole sentences that make a shard."""

    windows: Sequence[Window]
    coverage: Coverage


def shard_folder(build: Path, number: int) -> Path:
    return build / f"shard-{number:05d}"


def finished(build: Path) -> list[Shard]:
    """The finished shards of a build folder, in order; what follows the first gap does not count."""
    shards: list[Shard] = []
    while (shard := Shard.load(shard_folder(build, len(shards)), len(shards))) is not None:
        shards.append(shard)
    return shards


@dataclass(frozen=True)
class ShardJob:
    """What it takes to write the shards that a build still lacks."""

    inspector: Inspector
    plan: BuildPlan
    folder: Path  # of all shards of the build
    done: Sequence[Shard]  # that are finished
    advance: Callable[[int], None]  # called with the number of pieces after every batch


@dataclass(frozen=True)
class ShardTask:
    """The part of a corpus that makes one shard, and where it goes."""

    folder: Path
    number: int  # of the shard, from 0
    first_sentence: int  # row of the sentences table that its first window has in the merged index
    group: Group


def write_shards(missing: Iterable[Group], job: ShardJob) -> Iterator[Shard]:
    """Write the shards that are missing.

    On a CPU the model waits until a shard's arrays are written, by all cores at once: beside the model a writer would
    take one of its cores, and the others would wait for that one. What is done beside the next shard is to wait for
    the disk. On a GPU all writing is done beside the next shard.

    :param missing: `groups` of the corpus from the first sentence that no finished shard holds.
    """
    plan, number = job.plan, len(job.done)
    first_sentence = sum(shard.coverage.windows for shard in job.done)
    beside = job.inspector.device.type != "cpu"
    with ThreadPoolExecutor(1, "exbert-shards") as writer:
        finishing: Future[Shard] | None = None
        for group in missing:
            arrays = compute_shard(group.windows, job.inspector, plan, job.advance)
            task = ShardTask(shard_folder(job.folder, number), number, first_sentence, group)
            if finishing is not None:
                yield finishing.result()
            if beside:
                finishing = writer.submit(write_shard, task, arrays, plan)
            else:
                files = _write_files(task, arrays, plan)
                finishing = writer.submit(_finish, task, files)
            del arrays  # or it would be in memory beside the next one
            number, first_sentence = number + 1, first_sentence + len(group.windows)
            del group, task
        if finishing is not None:
            yield finishing.result()


def groups(sentences: Iterable[Sentence], inspector: Inspector, plan: BuildPlan) -> Iterator[Group]:
    """The shards of a corpus, not computed yet: sentences until there are `plan.shard_pieces` pieces."""
    windows: list[Window] = []
    coverage = Coverage()
    for sentence, parts in iter_windows(sentences, inspector, plan.window):
        windows += parts
        count(coverage, sentence, parts)
        if coverage.pieces_indexed >= plan.shard_pieces:
            yield Group(windows, coverage)
            windows, coverage = [], Coverage()
    if windows:
        yield Group(windows, coverage)


def write_shard(task: ShardTask, arrays: ShardArrays, plan: BuildPlan) -> Shard:
    """Write a shard, so that it outlasts a power cut.

    :raises OSError: if the disk is full.
    """
    return _finish(task, _write_files(task, arrays, plan))


def _write_files(task: ShardTask, arrays: ShardArrays, plan: BuildPlan) -> dict[str, FileEntry]:
    """Write the files of a shard; by their names."""
    folder, windows, extra = task.folder, task.group.windows, plan.corpus.extra_labels
    shutil.rmtree(folder, ignore_errors=True)  # what an interrupted build left of this shard

    def write_tokens(path: Path) -> None:
        pq.write_table(tokens_table(windows, extra, task.first_sentence), path, compression="zstd")

    def write_sentences(path: Path) -> None:
        pq.write_table(sentences_table(windows, extra), path, compression="zstd")

    writers: dict[str, Callable[[Path], None]] = {
        layout.table_file("tokens", task.number): write_tokens,
        layout.table_file("sentences", task.number): write_sentences,
    }
    for layer, codes in arrays.attention.items():
        writers[layout.attention_file(layer)] = partial(write_attention, codes)
    if arrays.heads:
        writers[_HEADS] = arrays.heads.save
    for spec in plan.vectors:
        if len(arrays.vectors[spec.name]):
            writers[spec.file] = partial(write_vectors, arrays.vectors[spec.name], order=arrays.order)

    def write(name: str) -> FileEntry:
        path = folder / name
        writers[name](path)
        return FileEntry(path.stat().st_size, sha256_of(path))

    for name in writers:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
    return dict(zip(writers, at_once(write, writers), strict=True))


def _finish(task: ShardTask, files: Mapping[str, FileEntry]) -> Shard:
    """Write down what belongs to the shard, once all of it is safely on the disk."""
    for path in (*task.folder.rglob("*"), task.folder):
        sync(path)
    marker = ShardMarker(task.group.coverage, dict(sorted(files.items())))
    write_atomic(task.folder / MARKER, json.dumps(asdict(marker)))
    return Shard(task.folder, task.number, marker.coverage)


def merge(shards: Sequence[Shard], plan: BuildPlan, output: Path) -> None:
    """Merge the shards into the final layout, file by file; vectors that are encoded only now take the memory of one
    layer at a time.

    The shards stay whole: a merge that is interrupted begins anew.
    """
    for shard in shards:
        for table in ("tokens", "sentences"):
            name = layout.table_file(table, shard.number)
            (output / name).parent.mkdir(exist_ok=True)
            (output / name).unlink(missing_ok=True)
            link_or_copy(shard.folder / name, output / name)

    def merge_kind(spec: VectorSpec) -> None:
        parts = [shard.folder / spec.file for shard in shards if shard.coverage.pieces_indexed]
        merge_vectors(parts, output / spec.file, plan.codec)

    codec = CODECS[plan.codec]
    if codec.in_shards:
        at_once(merge_kind, plan.vectors)
    else:
        for spec in plan.vectors:
            merge_kind(spec)

    def merge_layer(layer: int) -> None:
        name = layout.attention_file(layer)
        heads = plan.model.heads[layer] if codec.coarse_attention else None
        merge_attention([shard.folder / name for shard in shards], output / name, coarse_heads=heads)

    at_once(merge_layer, plan.attention_layers)
    if plan.attention_layers:
        counts = add_up(HeadCounts.load(shard.folder / _HEADS) for shard in shards)
        pq.write_table(heads_table(counts, stack_of(plan.model)), output / layout.HEADS, compression="zstd")


def at_once(task: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Run a task on every item, on as many at once as PyTorch has threads: a Ray worker that shares its machine has
    few of either."""
    import torch

    with ThreadPoolExecutor(torch.get_num_threads(), "exbert-files") as pool:
        return list(pool.map(task, items))
