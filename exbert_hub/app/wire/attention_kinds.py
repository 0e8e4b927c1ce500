"""What the attention view shows of an inspection: attention, value-weighted attention (norms) or rollout."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from exbert_hub.analysis.attention import encode_sqrt
from exbert_hub.errors import UnsupportedError

if TYPE_CHECKING:
    from exbert_hub.model import Inspection
    from exbert_hub.model.types import Stack

Mode = Literal["attention", "norms", "rollout"]
MODES: tuple[Mode, ...] = ("attention", "norms", "rollout")
Layers = Sequence["np.ndarray | None"]


def layers_of(seen: Inspection, stack: Stack, mode: Mode) -> Layers:
    """What a mode shows of a stack: per layer float32 [H, N, M], with one "head" for rollout; None for a gap.

    :raises UnsupportedError: if there is no such thing; says why.
    """
    if mode == "norms":
        return list(stack.norms)
    if mode == "attention":
        return list(stack.attention)
    if stack is not seen.main:
        raise UnsupportedError(f"Rollout follows the attention of the {seen.main.name} from layer to layer.")
    return list(seen.rollout()[:, None])


def reasons(seen: Inspection, stack: Stack, no_norms: Mapping[str, str]) -> dict[str, str]:
    """Per mode why a stack does not have it; "" where it does.

    :param no_norms: the same for norms, by stack; known for a model, whether or not this inspection has them.
    """
    rollout = ""
    if stack is not seen.main or any(layer is None for layer in seen.attention):
        try:
            layers_of(seen, stack, "rollout")
        except UnsupportedError as error:
            rollout = str(error)
    return {"attention": "", "norms": no_norms[stack.name], "rollout": rollout}


def coded(layer: np.ndarray, mode: Mode) -> tuple[np.ndarray, dict[str, Any]]:
    """A layer as uint8 codes, and what to multiply them with, if not 1: norms are in the unit of the hidden states, so
    they are coded as shares of the largest of their layer."""
    if mode != "norms":
        return encode_sqrt(layer), {}
    scale = float(layer.max()) or 1.0
    return encode_sqrt(layer / scale), {"scale": scale}


def layer_payload(layer: np.ndarray | None, mode: Mode = "attention", *, with_data: bool = True) -> Any:
    """[H, N, M] as base64 of square-root-coded uint8, or its shape alone; None for a gap."""
    if layer is None:
        return None
    heads, rows, cols = layer.shape
    shape = {"heads": heads, "rows": rows, "cols": cols}
    if not with_data:
        return shape
    codes, scale = coded(layer, mode)
    return shape | scale | {"data": base64.b64encode(codes.tobytes()).decode()}
