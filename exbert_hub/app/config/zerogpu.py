"""ZeroGPU: a GPU of the Hub's Spaces that is lent for the time of one call.

There the model waits on the CPU, and the forward pass, nothing else, runs in a process that is forked for it and has
the GPU. Everywhere else this module does nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exbert_hub.model import Inspection, Inspector

Look = Callable[..., "Inspection"]


def is_zero() -> bool:
    """Whether this is a Space on ZeroGPU."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "true", "t")


def load_device() -> str | None:
    """Where a model is loaded to; None where that is as good as anywhere.

    To be asked before torch is imported: `spaces`, which the Space installs, must have patched it by then.
    """
    if not is_zero():
        return None
    import spaces  # noqa: F401

    return "cpu"


def forward(inspector: Inspector) -> Look:
    """The forward pass for a text, a second text, the positions to mask, the heads to silence by layer, and whether
    norms are wanted; on ZeroGPU with the GPU.

    Arguments and result are pickled there, the model is not: it is there because the process is forked. What comes
    back is given the logit lens of the model here, which does not travel.
    """

    def look(
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
        return look
    import spaces

    lent = spaces.GPU(look)
    return lambda *asked: replace(lent(*asked), _lens=inspector._lens)
