"""ZeroGPU: a GPU of the Hub's Spaces that is lent for the time of one call.

There the model waits on the CPU, and only the forward pass runs in a process that is forked for it and has the GPU.
Everywhere else this module does nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exbert_hub.model import Inspection, Inspector

ForwardPass = Callable[..., "Inspection"]


def is_zero() -> bool:
    """Whether this is a Space on ZeroGPU."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "true", "t")


def load_device() -> str | None:
    """The device that a model is loaded to; None if it does not matter.

    Call it before torch is imported: `spaces`, which the Space installs, must have patched torch by then.
    """
    if not is_zero():
        return None
    import spaces  # noqa: F401

    return "cpu"


def forward(inspector: Inspector) -> ForwardPass:
    """The forward pass for a text, a second text, the positions to mask, the heads to silence by layer, and whether
    norms are wanted; on ZeroGPU it runs on the GPU.

    There, arguments and result are pickled, but not the model, which the forked process has. The logit lens is not
    pickled either: the result is given that of the model here.
    """

    def run(
        text: str,
        pair: str | None,
        mask: tuple[int, ...],
        ablate: Mapping[int, Sequence[int]] | None = None,
        norms: bool = False,
    ) -> Inspection:
        if is_zero():
            inspector.model.to("cuda")  # type: ignore[arg-type]  # a no-op from the second call of a process on
        return inspector.inspect(text, pair, mask=mask, norms=norms, ablate=ablate)

    if not is_zero():
        return run
    import spaces

    on_gpu = spaces.GPU(run)
    return lambda *arguments: replace(on_gpu(*arguments), _lens=inspector._lens)
