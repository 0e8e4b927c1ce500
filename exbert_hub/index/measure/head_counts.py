"""What was counted about every head, in sums that add up over batches, shards and machines; and what follows from it.

A shard keeps its sums beside its tables; they become the rows of `heads.parquet` at the merge.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from exbert_hub.analysis.significance import excess_p, false_discovery_rates, variance_between, variance_of_trials
from exbert_hub.index.format.head_schema import ATTENDED, COUNTED, ENTROPY, HEADS_TABLE, MOST_LABELS, Column

logger = logging.getLogger(__name__)

_ROUNDING = 1e-6  # of sums of single-precision numbers: what is no larger is no excess


@dataclass(frozen=True)
class HeadCounts:
    """Sums over sentences, float64, the last axis being the columns.

    `counted` [C] tokens and `sentences` [C] that a column is about. By layer, as in "total-03": `total` [H, C] what
    the heads did, `expected` [H, C] what blind ones would have done, `squares` [H, C] of the difference per sentence.

    Likewise for `arcs`, the dependency labels in both directions: `arc_counted` and `arc_sentences` [D],
    `arc_offsets` [K, D] how often each fixed offset hits, `arc_offset_squares` [K, D]; by layer `arc_total` [H, D] the
    hits of each head, `arc_squares` [H, D] and `arc_shared` [H, K, D], the sum over the sentences of the product with
    the hits of each offset. Which offset is the best is known only when all of them have been added up.
    """

    columns: tuple[Column, ...]
    arcs: tuple[Column, ...]
    sums: dict[str, np.ndarray]
    left_out: frozenset[str] = field(default=frozenset())  # label columns with too many labels

    def add(self, name: str, values: np.ndarray) -> None:
        self.sums[name] = self.sums[name] + values if name in self.sums else values.astype(np.float64)

    @property
    def layers(self) -> list[int]:
        return sorted(int(name.partition("-")[2]) for name in self.sums if name.startswith("total-"))

    def save(self, path: Path) -> None:
        names = json.dumps({"columns": self.columns, "arcs": self.arcs, "left_out": sorted(self.left_out)})
        with path.open("wb") as file:
            np.savez(file, names=np.array(names), **self.sums)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: Path) -> HeadCounts:
        with np.load(path, allow_pickle=False) as stored:
            names = json.loads(str(stored["names"]))
            columns, arcs = (tuple(Column(*column) for column in names[kind]) for kind in ("columns", "arcs"))
            sums = {name: stored[name] for name in stored.files if name != "names"}
        return cls(columns, arcs, sums, frozenset(names["left_out"]))


def add_up(parts: Iterable[HeadCounts]) -> HeadCounts:
    """The sums of several shards as one; a label that a shard lacks counts zero there."""
    kept = list(parts)
    left_out = frozenset().union(*(part.left_out for part in kept)) | _with_too_many_labels(kept)
    if left_out:
        logger.info("heads are not measured by %s: more than %d labels", ", ".join(sorted(left_out)), MOST_LABELS)
    columns = _union([part.columns for part in kept], left_out)
    arcs = _union([part.arcs for part in kept], left_out)
    whole = HeadCounts(columns, arcs, {}, left_out)
    for part in kept:
        for name, values in part.sums.items():
            ours, theirs = (arcs, part.arcs) if name.startswith("arc_") else (columns, part.columns)
            there = {column: place for place, column in enumerate(theirs)}
            shared = [place for place, column in enumerate(ours) if column in there]
            aligned = np.zeros((*values.shape[:-1], len(ours)))
            aligned[..., shared] = values[..., [there[ours[place]] for place in shared]]
            whole.add(name, aligned)
    return whole


def _union(columns: Sequence[tuple[Column, ...]], left_out: frozenset[str]) -> tuple[Column, ...]:
    every = {column: None for part in columns for column in part}
    return tuple(column for column in every if column.measure.removeprefix(ATTENDED) not in left_out)


def _with_too_many_labels(parts: Sequence[HeadCounts]) -> frozenset[str]:
    labels: dict[str, set[str]] = {}
    for column in {column for part in parts for column in part.columns if column.measure.startswith(ATTENDED)}:
        labels.setdefault(column.measure.removeprefix(ATTENDED), set()).add(column.label)
    return frozenset(name for name, values in labels.items() if len(values) > MOST_LABELS)


def heads_table(counts: HeadCounts, stack: str) -> pa.Table:
    """What the sums say about every head: value, baseline, p and q; one row per head and column that was counted.

    A finding must survive the correction over all heads and labels, and over the labels of its own head alone: or else
    the many findings that some heads make would let a blind head among them pass with what chance gave it.
    """
    rows: list[dict[str, object]] = []
    for layer in counts.layers:
        for head, measured in enumerate(zip(*_measured(counts, layer), strict=True)):
            of_head = list(_rows_of_head(counts, measured))
            corrected = false_discovery_rates(np.array([row["p"] for row in of_head if row["p"] is not None]))
            _fill(of_head, "q", corrected)
            rows += [{"layer": layer, "head": head, "stack": stack, **row} for row in of_head]
    tested = [row for row in rows if row["p"] is not None]
    overall = false_discovery_rates(np.array([row["p"] for row in tested]))
    _fill(rows, "q", np.maximum(overall, [float(str(row["q"])) for row in tested]))
    return pa.Table.from_pylist(rows, schema=HEADS_TABLE.schema)


def _fill(rows: Sequence[dict[str, object]], name: str, values: np.ndarray) -> None:
    """Give a value to each row that was tested."""
    for row, value in zip((row for row in rows if row["p"] is not None), values.tolist(), strict=True):
        row[name] = value


def _measured(counts: HeadCounts, layer: int) -> Iterator[np.ndarray]:
    """value, baseline and p of every head, [H, C + D] each."""
    sums = counts.sums
    total, expected, squares = (sums[f"{name}-{layer:02d}"] for name in ("total", "expected", "squares"))
    excess, sentences = total - expected, sums["sentences"]
    excess = np.where(np.abs(excess) > _ROUNDING * expected, excess, 0)
    is_count = np.array([column in COUNTED or column.measure.startswith(ATTENDED) for column in counts.columns])
    of_trials = variance_of_trials(expected, np.where(is_count, sums["counted"], 0))
    variance = np.maximum(variance_between(excess, squares, sentences), of_trials)
    p = excess_p(excess, variance, sentences)

    # the offset that hits most often in this very corpus: no head has an easier baseline than that
    best = sums["arc_offsets"].argmax(0)[None]
    offsets, offset_squares = (np.take_along_axis(sums[f"arc_{n}"], best, 0) for n in ("offsets", "offset_squares"))
    hits, shared = sums[f"arc_total-{layer:02d}"], sums[f"arc_shared-{layer:02d}"]
    shared = np.take_along_axis(shared, best[None], 1)[:, 0]
    arc_squares = sums[f"arc_squares-{layer:02d}"] - 2 * shared + offset_squares
    offsets = np.broadcast_to(offsets, hits.shape)
    # taken about 0 and not about their mean, so that a few sentences which all agree are no proof
    arc_p = excess_p(hits - offsets, arc_squares, sums["arc_sentences"])

    counted = np.maximum(np.concatenate([sums["counted"], sums["arc_counted"]]), 1)
    yield np.concatenate([total, hits], 1) / counted
    yield np.concatenate([expected, offsets], 1) / counted
    yield np.concatenate([p, arc_p], 1)


def _rows_of_head(counts: HeadCounts, measured: Sequence[np.ndarray]) -> Iterator[dict[str, object]]:
    counted = np.concatenate([counts.sums["counted"], counts.sums["arc_counted"]]).astype(np.int64).tolist()
    values = zip((*counts.columns, *counts.arcs), counted, *(array.tolist() for array in measured), strict=True)
    for column, n, value, baseline, p in values:
        if n:
            tested = None if column == ENTROPY else p
            yield column._asdict() | {"value": value, "baseline": baseline, "n": n, "p": tested, "q": None}
