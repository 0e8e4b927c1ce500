"""The vectors of a batch: chosen, normalised, and put where they belong.

On a CPU they are written where they stay; from a GPU they travel beside the next batch, through memory that is kept.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

    from exbert_hub.index.format.manifest import VectorSpec
    from exbert_hub.model import Batch

_SMALLEST = 1e-12  # norm below which a vector counts as zero; torch.nn.functional.normalize has the same


class BatchVectors:
    """Takes the vectors of one batch after another, in one thread.

    On a GPU the vectors of a batch travel to pinned memory, in a stream of their own, while the next is computed.

    :param targets: by `VectorSpec.name`, [pieces, dim] in fp16 or fp32.
    :param beside: whether states lie on a GPU.
    """

    def __init__(self, specs: Sequence[VectorSpec], targets: Mapping[str, np.ndarray], *, beside: bool) -> None:
        self._specs, self._targets, self._beside = specs, targets, beside
        self._memory: dict[str, torch.Tensor] = {}
        self._stream: torch.cuda.Stream | None = None
        self._under_way: tuple[slice, Sequence[torch.Tensor]] | None = None
        self._turn = 0

    def add(self, batch: Batch, indexed: Sequence[np.ndarray], rows: slice) -> None:
        """Store a batch, text by text.

        :param indexed: bool [N] per text: its pieces that have a vector.
        :param rows: of the targets.
        """
        import torch

        length = batch.hidden[0].shape[1]
        chosen = np.concatenate([np.flatnonzero(mask) + number * length for number, mask in enumerate(indexed)])
        pieces = torch.from_numpy(chosen).to(batch.hidden[0].device)
        if self._beside:
            self._send(batch, pieces, rows)
            return
        for spec in self._specs:
            self._unit(batch, spec, pieces, torch.from_numpy(self._targets[spec.name][rows]))

    def finish(self) -> None:
        """Store what is still on its way."""
        if self._under_way is not None and self._stream is not None:
            rows, copies = self._under_way
            self._stream.synchronize()
            for spec, copy in zip(self._specs, copies, strict=True):
                self._targets[spec.name][rows] = copy.numpy()
            self._under_way = None

    def _send(self, batch: Batch, pieces: torch.Tensor, rows: slice) -> None:
        """Let the copies of this batch begin, and store the batch before, which arrived during this one's forward
        pass; each turn has its own memory on both sides."""
        import torch

        self._stream = self._stream or torch.cuda.Stream()
        names = [f"{spec.name} {self._turn}" for spec in self._specs]
        units = []
        for spec, name in zip(self._specs, names, strict=True):
            dtype = torch.from_numpy(self._targets[spec.name]).dtype
            units.append(self._kept(name, (len(pieces), spec.dim), dtype, pieces.device))
            self._unit(batch, spec, pieces, units[-1])
        self.finish()
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            copies = [self._pinned(name, unit) for name, unit in zip(names, units, strict=True)]
        self._under_way = rows, copies
        self._turn = 1 - self._turn

    def _pinned(self, name: str, unit: torch.Tensor) -> torch.Tensor:
        import torch

        memory = self._kept(f"pinned {name}", unit.shape, unit.dtype, torch.device("cpu"), pinned=True)
        return memory.copy_(unit, non_blocking=True)

    def _unit(self, batch: Batch, spec: VectorSpec, pieces: torch.Tensor, out: torch.Tensor) -> None:
        """[n, dim] in the dtype of `out`: normalised in fp32, per head where the vectors are heads."""
        import torch

        state = _state(batch, spec)
        parts = state.shape[2] if spec.kind == "heads" else 1
        there = out.dtype == torch.float32 and out.device == state.device
        values = out if there else torch.empty(out.shape, dtype=torch.float32, device=state.device)
        flat = state.reshape(-1, spec.dim)
        if flat.dtype == torch.float32:
            torch.index_select(flat, 0, pieces, out=values)
        else:
            values.copy_(flat.index_select(0, pieces))
        vectors = values.view(-1, parts, spec.dim // parts)
        vectors.div_(torch.linalg.vector_norm(vectors, dim=-1, keepdim=True).clamp_min_(_SMALLEST))
        if not there:
            out.copy_(values)

    def _kept(
        self, use: str, shape: Sequence[int], dtype: torch.dtype, device: torch.device, pinned: bool = False
    ) -> torch.Tensor:
        """Memory for one use, which is kept and grows by doubling."""
        import torch

        count = math.prod(shape)
        if use not in self._memory or len(self._memory[use]) < count:
            size = 2 ** math.ceil(math.log2(max(count, 1)))
            self._memory[use] = torch.empty(size, dtype=dtype, device=device, pin_memory=pinned)
        return self._memory[use][:count].view(*shape)


def _state(batch: Batch, spec: VectorSpec) -> torch.Tensor:
    """[B, T, D] or [B, T, H, Dh]."""
    if spec.kind == "embedding":
        return batch.hidden[0 if spec.layer == "emb" else spec.layer + 1]
    assert spec.layer != "emb"
    contexts = batch.contexts[spec.layer]
    assert contexts is not None, f"layer {spec.layer} was planned with heads but computed none"
    return contexts
