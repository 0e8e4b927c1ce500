"""What a build will cost, measured on a sample before it starts; refused when it cannot fit."""

from __future__ import annotations

import itertools
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from exbert_hub.corpus.types import expected_sentences
from exbert_hub.errors import CorpusError, ResourceError
from exbert_hub.index.format.codecs import CODECS, SMALLEST
from exbert_hub.units import format_bytes, format_duration

from .compute import PIECES_AT_ONCE, WEIGHT_BYTES_AT_ONCE, compute_shard, passes_at_once
from .plan import BuildPlan
from .windows import Window, iter_windows

if TYPE_CHECKING:
    from exbert_hub.corpus.types import AnnotatedCorpus
    from exbert_hub.model import Inspector

_SAMPLE = 512  # sentences tokenised
_TIMED = 24  # of these, run through the model
_TABLE_BYTES_PER_PIECE = 30  # both tables: 29 measured on the Wizard of Oz (spaCy labels, zstd)
_BATCH_BYTES_PER_VALUE = 12  # fp32 state, its normalised copy and the cast one, of one batch
_OBJECTS_PER_PIECE = 970  # sentences, words and pieces of a shard as Python objects
_ROWS_PER_PIECE = 750  # its tables, while they are made
_COLUMN_PER_PIECE = 220  # a column of labels, whose shares are counted at the merge
_SLACK = 1.4  # what the allocator keeps of a shard that is gone


@dataclass(frozen=True)
class Estimate:
    """Bytes and seconds; `memory` is what the build adds to a process that has loaded the model."""

    pieces: int
    sentences: int
    seconds: float
    memory: int
    disk: int
    free_memory: int
    free_disk: int

    def __str__(self) -> str:
        return (
            f"about {self.pieces:,} pieces in {self.sentences:,} sentences: {format_duration(self.seconds)}, "
            f"{format_bytes(self.memory)} of memory ({format_bytes(self.free_memory)} free), "
            f"{format_bytes(self.disk)} of disk ({format_bytes(self.free_disk)} free)"
        )

    def check(self) -> None:
        """Refuse what cannot fit.

        :raises ResourceError: with the numbers, and what to change.
        """
        if self.disk > self.free_disk:
            raise ResourceError(
                f"The index does not fit on the disk: it needs {self}. Build fewer layers, leave out the attention, "
                f"use codec {SMALLEST.name!r}, a smaller corpus, or another disk."
            )
        if self.memory > self.free_memory:
            raise ResourceError(
                f"The build does not fit into memory: it needs {self}. Use smaller shards (shard_pieces) "
                "or fewer layers."
            )


def estimate(corpus: AnnotatedCorpus, inspector: Inspector, plan: BuildPlan, output: Path) -> Estimate:
    """Estimate a build from the first sentences of the corpus and a short run of the model.

    :raises CorpusError: if the corpus has no sentence.
    """
    import psutil

    sample = list(iter_windows(itertools.islice(plan.sentences(corpus), _SAMPLE), inspector, plan.window))
    windows = [window for _, part in sample for window in part]
    if not windows:
        raise CorpusError(f"{plan.corpus.source} has no sentence to index")
    sentences = plan.count(expected_sentences(corpus))  # now that some of it has been read
    scale = sentences / len(sample)
    pieces = sum(int((~window.tokens.special).sum()) for window in windows) * scale
    pairs = sum(len(window) ** 2 for window in windows) * scale
    return Estimate(
        pieces=round(pieces),
        sentences=sentences,
        seconds=max(pieces / _pieces_per_second(windows, inspector, plan), getattr(corpus, "seconds_left", 0.0)),
        memory=_memory(plan, pieces, pairs, inspector.device.type) + _weights(plan, inspector, max(map(len, windows))),
        disk=_disk(plan, pieces, pairs),
        free_memory=psutil.virtual_memory().available,
        free_disk=shutil.disk_usage(_existing(output)).free,
    )


def _pieces_per_second(windows: list[Window], inspector: Inspector, plan: BuildPlan) -> float:
    timed = windows[:: max(1, len(windows) // _TIMED)][:_TIMED]
    compute_shard(timed[:2], inspector, plan, lambda pieces: None)  # warm up
    start = time.perf_counter()
    compute_shard(timed, inspector, plan, lambda pieces: None)
    return sum(int((~window.tokens.special).sum()) for window in timed) / (time.perf_counter() - start)


def _weights(plan: BuildPlan, inspector: Inspector, longest: int) -> int:
    """Attention of all layers of a batch, and as much again to measure and code it in; on a GPU it takes other
    memory."""
    if not plan.attention_layers or inspector.device.type != "cpu":
        return 0
    pair = 4 * sum(plan.model.heads)
    alone = passes_at_once(inspector) * pair * longest**2
    return 2 * max(min(WEIGHT_BYTES_AT_ONCE["cpu"], pair * PIECES_AT_ONCE["cpu"] * longest), alone)


def _memory(plan: BuildPlan, pieces: float, pairs: float, device: str) -> int:
    """A shard (two where writing is done beside a GPU), the states of one batch, and what the merge holds;
    docs/performance.md."""
    shard = min(plan.shard_pieces, pieces)
    attention = plan.attention_bytes_per_pair * pairs / pieces
    per_piece = plan.bytes_per_piece(plan.shard_codec) + attention + _OBJECTS_PER_PIECE + _ROWS_PER_PIECE
    shards = _SLACK * shard * per_piece * (1 if device == "cpu" else 2)
    layer = 0 if CODECS[plan.codec].in_shards else plan.bytes_per_piece(plan.codec) / len(plan.vectors)
    batch = PIECES_AT_ONCE["cpu"] * sum(spec.dim for spec in plan.vectors) * _BATCH_BYTES_PER_VALUE
    return round(shards + pieces * (layer + _COLUMN_PER_PIECE) + batch)


def _disk(plan: BuildPlan, pieces: float, pairs: float) -> int:
    """The shards and the merged index exist side by side for a moment."""
    shards = pieces * plan.bytes_per_piece(plan.shard_codec)
    merged = pieces * plan.bytes_per_piece(plan.codec)
    return round(shards + merged + 2 * (plan.attention_bytes_per_pair * pairs + pieces * _TABLE_BYTES_PER_PIECE))


def _existing(path: Path) -> Path:
    path = path.absolute()
    return path if path.exists() else _existing(path.parent)
