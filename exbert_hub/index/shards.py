"""Shards: each a small index in the final layout, complete on disk before the next begins.

The shard is the checkpoint of a build: `shard.json` is written last, so a shard either counts or does not exist.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from ..corpus.types import Coverage, Sentence
from ..files import write_atomic
from . import layout
from .attention import AttentionWriter, merge_attention
from .capture import Captured, capture
from .head_counts import HeadCounts, add_up, heads_table, stack_of
from .plan import BuildPlan
from .tables import sentences_table, tokens_table
from .vectors import merge_vectors, write_vectors
from .windows import Window, count, iter_windows

if TYPE_CHECKING:
    from ..model import Inspector

_MARKER = "shard.json"
_HEADS = "heads.npz"  # sums, which become rows of heads.parquet at the merge


@dataclass(frozen=True)
class Shard:
    """A finished shard."""

    folder: Path
    number: int
    coverage: Coverage  # its `sentences` are also how far the corpus was read

    @classmethod
    def load(cls, folder: Path, number: int) -> Shard:
        return cls(folder, number, Coverage(**json.loads((folder / _MARKER).read_text("utf-8"))))


def finished(build: Path) -> list[Shard]:
    """The finished shards of a build folder, in order; what follows the first gap does not count."""
    shards: list[Shard] = []
    while (folder := build / f"shard-{len(shards):05d}").joinpath(_MARKER).is_file():
        shards.append(Shard.load(folder, len(shards)))
    return shards


def write_shards(
    sentences: Iterable[Sentence],
    inspector: Inspector,
    plan: BuildPlan,
    build: Path,
    done: Sequence[Shard],
    progress: Callable[[int], None],
) -> Iterator[Shard]:
    """Write the shards that are missing.

    :param sentences: the corpus from the first sentence that no finished shard holds.
    """
    number, first_sentence = len(done), sum(shard.coverage.windows for shard in done)
    for windows, coverage in _groups(iter_windows(sentences, inspector, plan.window), plan.shard_pieces):
        captured = capture(windows, inspector, plan.vectors, plan.attention_layers, plan.shard_codec, progress)
        folder = build / f"shard-{number:05d}"
        _write(folder, number, windows, captured, plan, first_sentence)
        write_atomic(folder / _MARKER, json.dumps(asdict(coverage)))
        yield Shard(folder, number, coverage)
        number, first_sentence = number + 1, first_sentence + len(windows)


def _groups(
    sentences: Iterator[tuple[Sentence, list[Window]]], pieces: int
) -> Iterator[tuple[list[Window], Coverage]]:
    """Windows of whole sentences, until a shard is full."""
    group: list[Window] = []
    coverage = Coverage()
    for sentence, windows in sentences:
        group += windows
        count(coverage, sentence, windows)
        if coverage.pieces_indexed >= pieces:
            yield group, coverage
            group, coverage = [], Coverage()
    if group:
        yield group, coverage


def _write(
    folder: Path, number: int, windows: list[Window], captured: Captured, plan: BuildPlan, first_sentence: int
) -> None:
    shutil.rmtree(folder, ignore_errors=True)  # what an interrupted build left of this shard
    extra = plan.corpus.extra_labels
    for table, rows in (
        ("tokens", tokens_table(windows, extra, first_sentence)),
        ("sentences", sentences_table(windows, extra)),
    ):
        path = folder / layout.table_file(table, number)
        path.parent.mkdir(parents=True)
        pq.write_table(rows, path, compression="zstd")
    for spec in plan.vectors:
        if len(captured.vectors[spec.name]):
            write_vectors(captured.vectors[spec.name], folder / spec.file, "fp32" if plan.codec == "fp32" else "fp16")
    for layer, sentences in captured.attention.items():
        writer = AttentionWriter(folder / layout.attention_file(layer))
        for codes in sentences:
            writer.add(codes)
        writer.close()
    if captured.heads:
        captured.heads.save(folder / _HEADS)


def merge(shards: Sequence[Shard], plan: BuildPlan, output: Path) -> None:
    """Merge the shards into the final layout, layer by layer, with at most one layer in memory."""
    for shard in shards:
        for table in ("tokens", "sentences"):
            name = layout.table_file(table, shard.number)
            (output / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(shard.folder / name, output / name)
    for spec in plan.vectors:
        merge_vectors(
            [s.folder / spec.file for s in shards if s.coverage.pieces_indexed], output / spec.file, plan.codec
        )
    for layer in plan.attention_layers:
        name = layout.attention_file(layer)
        merge_attention([shard.folder / name for shard in shards], output / name)
    if plan.attention_layers:
        counts = add_up(HeadCounts.load(shard.folder / _HEADS) for shard in shards)
        pq.write_table(heads_table(counts, stack_of(plan.model)), output / layout.HEADS, compression="zstd")
