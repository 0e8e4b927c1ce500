"""Memory that is kept from layer to layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


class ScratchMemory:
    """Tensors to write results into, one for each use, kept by one thread.

    What is allocated anew is paid for with page faults: measuring six layers of 12 heads took 39 ms instead of 28 for
    32 sentences of 36 pieces, and 70 ms instead of 61 for 8 of 103 (one thread).
    """

    def __init__(self) -> None:
        self._kept: dict[str, Tensor] = {}

    def like(self, values: Tensor) -> Tensor:
        """The same for every use, so only one of these can be in use at a time."""
        return self.get("like", values.shape, values)

    def get(self, use: str, shape: Sequence[int], values: Tensor) -> Tensor:
        """Of the dtype and on the device of some values."""
        count = math.prod(shape)
        if use not in self._kept or self._kept[use].numel() < count or self._kept[use].device != values.device:
            self._kept[use] = values.new_empty(count)
        return self._kept[use][:count].view(*shape)
