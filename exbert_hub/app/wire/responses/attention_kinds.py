"""Kinds of attention that the view shows of an inspection, and a layer of one as it travels."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, NotRequired

import numpy as np

from exbert_hub.analysis.attention import encode_sqrt
from exbert_hub.app.wire.requests import AttentionKind
from exbert_hub.errors import UnsupportedError

from .common import Message

if TYPE_CHECKING:
    from exbert_hub.model import Inspection
    from exbert_hub.model.types import Stack

Layers = Sequence["np.ndarray | None"]


class SentLayerJson(Message):
    """Attention of one layer, or its shape alone."""

    heads: int
    rows: int
    cols: int
    data: NotRequired[str]  # base64 of uint8 [heads, rows, cols]: 255 times the square root of the share
    scale: NotRequired[float]  # of norms, which are shares of the largest of their layer: that one


class CodedLayer(NamedTuple):
    codes: np.ndarray  # uint8
    scale: float | None  # what to multiply the decoded shares with; None for 1


def layers_of(seen: Inspection, stack: Stack, kind: AttentionKind) -> Layers:
    """What a kind of attention shows of a stack: per layer float32 [H, N, M]; None for a gap. Rollout has one "head".

    :raises UnsupportedError: if there is no such thing; says why.
    """
    if kind == "norms":
        return list(stack.norms)
    if kind == "attention":
        return list(stack.attention)
    if stack is not seen.main:
        raise UnsupportedError(f"Rollout follows the attention of the {seen.main.name} from layer to layer.")
    return list(seen.rollout()[:, None])


def unavailable(seen: Inspection, stack: Stack, no_norms: Mapping[str, str]) -> dict[AttentionKind, str]:
    """Per kind of attention why a stack does not have it; "" where it does.

    :param no_norms: the same for norms, by stack; known for a model, whether or not this inspection has them.
    """
    rollout = ""
    if stack is not seen.main or any(layer is None for layer in seen.attention):
        try:
            layers_of(seen, stack, "rollout")
        except UnsupportedError as error:
            rollout = str(error)
    return {"attention": "", "norms": no_norms[stack.name], "rollout": rollout}


def coded_layer(layer: np.ndarray, kind: AttentionKind) -> CodedLayer:
    """A layer as uint8 codes. Norms are in the unit of the hidden states, so they are coded as shares of the largest
    of their layer."""
    if kind != "norms":
        return CodedLayer(encode_sqrt(layer), None)
    scale = float(layer.max()) or 1.0
    return CodedLayer(encode_sqrt(layer / scale), scale)


def layer_json(layer: np.ndarray, kind: AttentionKind = "attention", *, with_data: bool = True) -> SentLayerJson:
    """
    :param layer: [H, N, M].
    :param with_data: whether it is more than the shape.
    """
    heads, rows, cols = layer.shape
    sent: SentLayerJson = {"heads": heads, "rows": rows, "cols": cols}
    if with_data:
        codes, scale = coded_layer(layer, kind)
        sent["data"] = base64.b64encode(codes.tobytes()).decode()
        if scale is not None:
            sent["scale"] = scale
    return sent
