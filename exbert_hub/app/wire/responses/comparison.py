"""Two views of one token side by side, and what each layer would predict for it."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from exbert_hub.analysis.attention import encode_signed

from .common import Layer, Message, PredictionJson, predictions_json
from .evidence import LayerSummaryJson, layer_summary_json
from .inspection import ALL_LAYERS_UP_TO

if TYPE_CHECKING:
    from exbert_hub.index import Comparison
    from exbert_hub.index.compare.attention_difference import AttentionDifference
    from exbert_hub.model.types import Prediction


class LayerOverlapJson(Message):
    layer: Layer
    rbo: float
    jaccard: float
    shared: int
    cka: float | None
    chance: float | None


class AttentionDifferenceJson(Message):
    tokens: list[list[str]]  # of each side
    mean_of_heads: bool
    layers: list[str | None]  # base64 of int8 [heads, N, N]: 127 times the signed square root
    shift: list[list[float] | None]  # per layer and head


class SideBySideJson(Message):
    sides: list[str]
    models: list[str]
    k: int
    layers: list[LayerOverlapJson]
    profiles: list[list[LayerSummaryJson]]  # of each side
    predictions: list[list[PredictionJson]]  # of each side
    attention: AttentionDifferenceJson | None
    no_attention: str


class LensJson(Message):
    layers: list[list[PredictionJson]]


def side_by_side_json(comparison: Comparison, models: tuple[str, str]) -> SideBySideJson:
    """
    :param comparison: with a token.
    :param models: names of both sides.
    """
    token = comparison.token
    assert token is not None
    similar = {similarity.layer: similarity for similarity in comparison.similarity}

    def overlap(number: int) -> LayerOverlapJson:
        layer = token.overlap[number]
        alike = similar.get(layer.layer)
        return {
            "layer": layer.layer,
            "rbo": round(layer.rbo, 3),
            "jaccard": round(layer.jaccard, 3),
            "shared": layer.shared,
            "cka": round(alike.cka, 3) if alike else None,
            "chance": round(alike.chance, 3) if alike else None,
        }

    return {
        "sides": list(map(str, token.asked)),
        "models": list(models),
        "k": token.k,
        "layers": [overlap(number) for number in range(len(token.overlap))],
        "profiles": [
            [layer_summary_json(layer) for layer in profile.layers if layer.layer in comparison.layers]
            for profile in token.profiles
        ],
        "predictions": [predictions_json(side) for side in token.predictions],
        "attention": _attention(token.attention) if token.attention else None,
        "no_attention": token.no_attention,
    }


def _attention(difference: AttentionDifference) -> AttentionDifferenceJson:
    """Signed differences of all layers; of more than 128 pieces the shift of every head alone."""
    is_short = len(difference.tokens[0]) <= ALL_LAYERS_UP_TO

    def coded(layer: np.ndarray | None) -> str | None:
        if layer is None or not is_short:
            return None
        return base64.b64encode(encode_signed(layer).tobytes()).decode()

    return {
        "tokens": list(map(list, difference.tokens)),
        "mean_of_heads": difference.mean_of_heads,
        "layers": [coded(layer) for layer in difference.layers],
        "shift": [None if shift is None else list(shift) for shift in difference.shift],
    }


def lens_json(layers: Iterable[Sequence[Prediction]]) -> LensJson:
    return {"layers": [predictions_json(layer) for layer in layers]}
