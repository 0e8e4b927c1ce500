"""What the model computes over the windows of one shard: vectors per layer, coded attention per sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .head_counts import HeadCounts
from .types import Codec
from .windows import Window

if TYPE_CHECKING:
    import torch

    from ..model import Batch, Inspector
    from .head_measures import HeadMeter
    from .manifest import VectorSpec

PIECES_AT_ONCE = {"cpu": 1024, "cuda": 16384}
WEIGHT_BYTES_AT_ONCE = {"cpu": 256 * 1024**2, "cuda": 2 * 1024**3}
"""Bound on the attention of all layers of a batch, which grows with the square of its length; one sentence alone may
pass it."""


@dataclass(frozen=True)
class Captured:
    """The arrays of one shard."""

    vectors: dict[str, np.ndarray]  # by `VectorSpec.name`: normalised [pieces, dim]
    attention: dict[int, list[bytes]]  # by layer: uint8 codes [H, N, N] per window
    heads: HeadCounts | None  # what the heads of those layers did


def capture(
    windows: Sequence[Window],
    inspector: Inspector,
    specs: Sequence[VectorSpec],
    attention_layers: Sequence[int],
    codec: Codec,
    progress: Callable[[int], None],
) -> Captured:
    """Run the model over all windows, the longest first so that a batch is padded as little as possible.

    :param progress: called with the number of pieces after every batch.
    """
    first_rows = np.cumsum([0, *(int(window.indexed.sum()) for window in windows)])
    dtype = np.float32 if codec == "fp32" else np.float16
    meter = _meter(windows, inspector) if attention_layers else None
    captured = Captured(
        {spec.name: np.empty((int(first_rows[-1]), spec.dim), dtype) for spec in specs},
        {layer: [b""] * len(windows) for layer in attention_layers},
        meter.counts if meter else None,
    )
    device = "cpu" if inspector.device.type == "cpu" else "cuda"
    heads = sum(inspector.facts.heads) if attention_layers else 0
    pairs = WEIGHT_BYTES_AT_ONCE[device] // (4 * heads) if heads else None
    for numbers in _batches(windows, PIECES_AT_ONCE[device], pairs):
        chosen = [windows[number] for number in numbers]
        batch = inspector.encode([window.tokens.ids.tolist() for window in chosen], weights=bool(attention_layers))
        rows = np.concatenate([np.arange(first_rows[number], first_rows[number + 1]) for number in numbers])
        _store_vectors(captured, batch, chosen, rows, specs)
        for layer in attention_layers:
            for number, codes in zip(numbers, _codes(batch, layer), strict=True):
                captured.attention[layer][number] = codes
        if meter:
            meter.add(numbers, {layer: _weights(batch, layer) for layer in attention_layers})
        progress(sum(int((~window.tokens.special).sum()) for window in chosen))
    return captured


def _batches(windows: Sequence[Window], pieces: int, pairs: int | None) -> Iterator[list[int]]:
    """Numbers of the windows of each batch: sorted by length, padded to at most `pieces` pieces and `pairs` pairs."""
    batch: list[int] = []
    for number in sorted(range(len(windows)), key=lambda n: -len(windows[n])):
        if batch:
            rows, longest = len(batch) + 1, len(windows[batch[0]])
            if rows * longest > pieces or (pairs is not None and rows * longest**2 > pairs):
                yield batch
                batch = []
        batch.append(number)
    if batch:
        yield batch


def _store_vectors(
    captured: Captured, batch: Batch, windows: Sequence[Window], rows: np.ndarray, specs: Sequence[VectorSpec]
) -> None:
    import torch

    length = batch.hidden[0].shape[1]
    indexed = np.zeros((len(windows), length), bool)
    for number, window in enumerate(windows):
        indexed[number, : len(window)] = window.indexed
    mask = torch.from_numpy(indexed).to(batch.hidden[0].device)
    for spec in specs:
        if spec.kind == "embedding":
            state = batch.hidden[0 if spec.layer == "emb" else spec.layer + 1]
        else:
            state = _contexts(batch, spec)
        unit = torch.nn.functional.normalize(state[mask].float(), dim=-1).reshape(len(rows), spec.dim)
        target = captured.vectors[spec.name]
        target[rows] = unit.to(torch.float16 if target.dtype == np.float16 else torch.float32).cpu().numpy()


def _contexts(batch: Batch, spec: VectorSpec) -> torch.Tensor:
    assert spec.layer != "emb"
    contexts = batch.contexts[spec.layer]
    assert contexts is not None, f"layer {spec.layer} was planned with heads but computed none"
    return contexts


def _meter(windows: Sequence[Window], inspector: Inspector) -> HeadMeter:
    from .head_measures import HeadMeter

    causal = inspector.facts.kind == "causal"
    return HeadMeter([window.annotated(causal) for window in windows])


def _weights(batch: Batch, layer: int) -> torch.Tensor:
    weights = batch.weights[layer] if batch.weights else None
    assert weights is not None, f"layer {layer} was planned with attention but computed none"
    return weights


def _codes(batch: Batch, layer: int) -> Iterator[bytes]:
    import torch

    codes = _weights(batch, layer).float().clamp(0, 1).sqrt_().mul_(255).round_().to(torch.uint8).cpu().numpy()
    for number, length in enumerate(batch.lengths):
        yield codes[number, :, :length, :length].tobytes()
