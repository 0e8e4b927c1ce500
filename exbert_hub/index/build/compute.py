"""What the model computes over the windows of one shard: vectors per layer, coded attention per sentence."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from exbert_hub.index.format.codecs import CODECS
from exbert_hub.index.measure.head_counts import HeadCounts
from exbert_hub.index.measure.scratch import ScratchMemory

from .batch_vectors import BatchVectors
from .plan import BuildPlan
from .windows import Window

if TYPE_CHECKING:
    import torch

    from exbert_hub.index.measure.head_meter import HeadMeter
    from exbert_hub.model import Batch, Inspector

Item = TypeVar("Item")
Result = TypeVar("Result")

PIECES_AT_ONCE = {"cpu": 1024, "cuda": 16384}
WEIGHT_BYTES_AT_ONCE = {"cpu": 256 * 1024**2, "cuda": 2 * 1024**3}
"""Bound on the attention of all layers of a batch, which grows with the square of its length; one sentence alone may
pass it."""
_MOST_PASSES = 4  # of the model at once, each with its share of the threads, of the pieces and of the bytes
_MOST_PADDING = 0.05  # share of a batch


@dataclass(frozen=True)
class ShardArrays:
    """The arrays of one shard."""

    vectors: dict[str, np.ndarray]  # by `VectorSpec.name`: [pieces, dim] in fp16 or fp32, normalised, as they came
    order: np.ndarray  # int64 [pieces]: where among them the vectors of each row of the tokens table lie
    attention: dict[int, list[bytes]]  # by layer: uint8 codes [H, N, N] per window
    heads: HeadCounts | None  # what the heads of those layers did


def compute_shard(
    windows: Sequence[Window],
    inspector: Inspector,
    plan: BuildPlan,
    advance: Callable[[int], None],
) -> ShardArrays:
    """Run the model over all windows, the longest first so that a batch is padded as little as possible.

    :param advance: called with the number of pieces after every batch.
    """
    first_rows = np.cumsum([0, *(int(window.indexed.sum()) for window in windows)])
    meter = _meter(windows, inspector) if plan.attention_layers else None
    pieces, dtype = int(first_rows[-1]), np.dtype(f"<f{CODECS[plan.shard_codec].bytes_per_value}")
    arrays = ShardArrays(
        {spec.name: np.empty((pieces, spec.dim), dtype) for spec in plan.vectors},
        np.empty(pieces, np.int64),
        {layer: [b""] * len(windows) for layer in plan.attention_layers},
        meter.counts if meter else None,
    )
    places, came = [], 0
    for numbers in batches_of(windows, inspector, plan.attention_layers):
        start = came
        for number in numbers:
            rows = slice(first_rows[number], first_rows[number + 1])
            arrays.order[rows] = np.arange(came, came := came + rows.stop - rows.start)
        places.append((numbers, slice(start, came)))

    def compute(state: _WorkerState, place: tuple[Sequence[int], slice]) -> Mapping[str, np.ndarray]:
        numbers, rows = place
        chosen = [windows[number] for number in numbers]
        ids = [window.tokens.ids.tolist() for window in chosen]
        batch = inspector.encode(ids, weights=bool(plan.attention_layers))
        state.vectors.add(batch, [window.indexed for window in chosen], rows)
        for layer in plan.attention_layers:
            for number, codes in zip(numbers, _codes(batch, layer), strict=True):
                arrays.attention[layer][number] = codes
        weights = ((layer, _weights(batch, layer)) for layer in plan.attention_layers)
        return meter.measure(numbers, weights, state.scratch) if meter else {}

    def begin() -> _WorkerState:
        beside = inspector.device.type == "cuda"
        return _WorkerState(BatchVectors(plan.vectors, arrays.vectors, beside=beside), ScratchMemory())

    with closing(_in_passes(compute, places, begin, passes_at_once(inspector))) as computed:  # also when cancelled
        for sums, (numbers, _) in zip(computed, places, strict=True):
            if meter:
                meter.add(sums)
            advance(sum(int((~windows[number].tokens.special).sum()) for number in numbers))
    return arrays


class _WorkerState(NamedTuple):
    """What a thread keeps while it computes one batch after another."""

    vectors: BatchVectors
    scratch: ScratchMemory


def _in_passes(
    compute: Callable[[_WorkerState, Item], Result],
    items: Sequence[Item],
    begin: Callable[[], _WorkerState],
    at_once: int,
) -> Generator[Result, None, None]:
    """The results in the order of the items, `at_once` of them computed at a time.

    One thread per batch is faster than all threads on one batch: they need not wait for each other a hundred times in
    each forward pass.

    :param begin: makes the state of a thread.
    """
    import torch

    if at_once == 1:
        state = begin()
        yield from map(partial(compute, state), items)
        state.vectors.finish()
        return
    threads, own = torch.get_num_threads(), threading.local()

    def start() -> None:
        torch.set_num_threads(threads // at_once)
        own.state = begin()

    try:
        with ThreadPoolExecutor(at_once, "exbert-forward", start) as pool:
            yield from pool.map(lambda item: compute(own.state, item), items)
    finally:
        torch.set_num_threads(threads)  # of the BLAS library there is one setting for all threads


def passes_at_once(inspector: Inspector) -> int:
    """How many forward passes of a build run at the same time."""
    import torch

    return min(_MOST_PASSES, torch.get_num_threads()) if inspector.concurrent else 1


def batches_of(
    windows: Sequence[Window], inspector: Inspector, attention_layers: Sequence[int]
) -> Iterator[Sequence[int]]:
    """Numbers of the windows of each batch; those under way at the same time are bounded together."""
    device, at_once = "cpu" if inspector.device.type == "cpu" else "cuda", passes_at_once(inspector)
    heads = sum(inspector.model_info.heads) if attention_layers else 0
    pairs = WEIGHT_BYTES_AT_ONCE[device] // (4 * heads * at_once) if heads else None
    return batches([len(window) for window in windows], PIECES_AT_ONCE[device] // at_once, pairs)


def batches(lengths: Sequence[int], pieces: int, pairs: int | None = None) -> Iterator[list[int]]:
    """Numbers of the windows of each batch, the longest first.

    :param lengths: pieces of each window.
    :param pieces: of a batch at most, padded, unless one window alone has more.
    :param pairs: likewise, pairs of pieces.
    """
    batch: list[int] = []
    real = 0
    for number in sorted(range(len(lengths)), key=lambda n: -lengths[n]):
        rows, longest = len(batch) + 1, lengths[batch[0] if batch else number]
        padded = rows * longest
        full = padded > pieces or (pairs is not None and padded * longest > pairs)
        if batch and (full or real + lengths[number] < (1 - _MOST_PADDING) * padded):
            yield batch
            batch, real = [], 0
        batch.append(number)
        real += lengths[number]
    if batch:
        yield batch


def _meter(windows: Sequence[Window], inspector: Inspector) -> HeadMeter:
    from exbert_hub.index.measure.head_meter import HeadMeter

    causal = inspector.model_info.kind == "causal"
    return HeadMeter([window.annotated(causal) for window in windows])


def _codes(batch: Batch, layer: int) -> Iterator[bytes]:
    import torch

    weights = _weights(batch, layer)
    codes = weights.float().clamp(0, 1).sqrt_().mul_(255).round_().to(torch.uint8).cpu().numpy()
    for number, length in enumerate(batch.lengths.tolist()):
        yield codes[number, :, :length, :length].tobytes()


def _weights(batch: Batch, layer: int) -> torch.Tensor:
    weights = batch.weights[layer] if batch.weights else None
    assert weights is not None, f"layer {layer} was planned with attention but computed none"
    return weights
