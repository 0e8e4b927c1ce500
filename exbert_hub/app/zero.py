"""ZeroGPU: a GPU of the Hub's Spaces that is lent for the time of one call."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def is_zero() -> bool:
    """Whether this is a Space on ZeroGPU."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "true", "t")


def prepare() -> None:
    """Let `spaces` patch torch, which it must do before torch is first imported; nothing elsewhere."""
    if is_zero():
        import spaces  # noqa: F401  (installed by the Space, not by us)


def on_gpu(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Give a function the GPU while it runs; the function itself everywhere but on ZeroGPU.

    There it runs in a process forked for the call: arguments and result are pickled, what it closes over is not.
    """
    if not is_zero():
        return function
    import spaces

    return spaces.GPU(function)
