"""The attention view: one stack of what a model computed for a text."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NotRequired

import numpy as np
from typing_extensions import TypedDict

from exbert_hub.analysis.attention import thumbnail
from exbert_hub.app.wire.requests import AttentionKind, InspectRequest
from exbert_hub.errors import SelectionError

from .attention_kinds import SentLayerJson, coded_layer, layer_json, layers_of, unavailable
from .common import JsonObject, Message, NoticeJson, PredictionJson, predictions_json
from .model import IndexInfoJson, ModelInfoJson, model_name
from .pieces import PieceJson, WordStartJson, pieces_json, words_json

if TYPE_CHECKING:
    from exbert_hub.model import Inspection
    from exbert_hub.model.types import Stack

    from .attention_kinds import Layers

ALL_LAYERS_UP_TO = 128  # pieces; a 12 x 12 model is then 3 MB, square-root-coded in uint8
THUMBNAIL = 48  # cells on a side
_PREDICTIONS = 5

# "from" is a word of Python's own, so these fields cannot be written like the others
_FromWords = TypedDict("_FromWords", {"from": list[WordStartJson]})
_FromPieces = TypedDict("_FromPieces", {"from": list[PieceJson]})


class WordsJson(Message, _FromWords):
    """Words of both sides; of what attends alone where the other side is the same."""

    to: NotRequired[list[WordStartJson]]


class InspectionJson(Message, _FromPieces):
    """One stack of what the model computed for a text: the pieces of `from` attend to those of `to`."""

    stack: str
    stacks: list[str]
    main: str
    to: list[PieceJson] | None  # None: those of `from`
    words: WordsJson
    mode: AttentionKind
    modes: dict[AttentionKind, str]  # why a kind of attention is unavailable, "" where it is not
    heads: list[int]  # per layer
    layers: list[SentLayerJson | None]  # without data above `ALL_LAYERS_UP_TO` pieces
    predictions: list[list[PredictionJson]] | None  # of each piece
    before: list[list[PredictionJson]] | None  # of silenced heads: the same with all heads
    predicts: Literal["here", "next", "none"]
    causal: bool


class LoadingJson(Message):
    """The model is not there yet: the page asks again."""

    model: str
    seconds: int  # for which it has been loaded


class InspectMessage(Message):
    """Value of the attention view. Without an inspection it says why there is none."""

    request: JsonObject  # what is shown: an `InspectRequest` as the page sends it
    asked: NotRequired[JsonObject]  # what was asked for, where something else is shown
    note: NotRequired[str]  # why
    loading: NotRequired[LoadingJson]
    facts: NotRequired[ModelInfoJson]
    index: NotRequired[IndexInfoJson | None]
    inspection: NotRequired[InspectionJson | None]
    notice: NotRequired[NoticeJson | None]


class HeadThumbnailsJson(Message):
    """Small pictures of the heads of a layer."""

    heads: int
    height: int
    width: int
    data: str  # base64 of uint8 [heads, height, width]


class ThumbnailsJson(Message):
    layers: list[HeadThumbnailsJson | None]  # None where a layer has no attention


def chosen_stack(seen: Inspection, request: InspectRequest) -> Stack:
    """
    :raises SelectionError: for a stack that the model does not have.
    """
    stacks: dict[str, Stack] = {str(stack): computed for stack, computed in seen.stacks.items()}
    name = request.stack or seen.main.name
    if name not in stacks:
        raise SelectionError(
            f"{model_name(seen.model_info)} has no {name} stack for this input; it has {', '.join(stacks)}"
        )
    return stacks[name]


def inspection_json(
    seen: Inspection, request: InspectRequest, no_norms: Mapping[str, str], before: Inspection | None = None
) -> InspectionJson:
    """One stack of an inspection. Above 128 pieces the page asks for the attention, one layer at a time.

    :param no_norms: by stack, why the model has no norms.
    :param before: with silenced heads, the same text with all of them.
    :raises SelectionError: for a stack that the model does not have.
    :raises UnsupportedError: for a kind of attention that it does not have.
    """
    stack, stacks, kind = chosen_stack(seen, request), seen.stacks, request.attention_kind
    of_decoder = "encoder" in stacks and stack.name != "encoder"
    texts = (request.text_pair, "") if of_decoder else (request.text, request.text_pair)
    is_cross, source_texts = stack.name == "cross", (request.text, "")
    words: WordsJson = {"from": words_json(stack.queries, texts)}
    if is_cross:
        words["to"] = words_json(stack.keys, source_texts)
    predicts = of_decoder or "decoder" not in stacks or len(stacks) == 1
    is_short = max(len(stack.queries.pieces), len(stack.keys.pieces)) <= ALL_LAYERS_UP_TO
    return {
        "stack": stack.name,
        "stacks": [name for name in ("encoder", "decoder", "cross") if name in stacks],
        "main": seen.main.name,
        "from": pieces_json(stack.queries, texts),
        "to": pieces_json(stack.keys, source_texts) if is_cross else None,
        "words": words,
        "mode": kind,
        "modes": unavailable(seen, stack, no_norms),
        "heads": [0 if layer is None else len(layer) for layer in stack.attention],
        "layers": [
            None if layer is None else layer_json(layer, kind, with_data=is_short)
            for layer in layers_of(seen, stack, kind)
        ],
        "predictions": _predictions(seen) if predicts else None,
        "before": _predictions(before) if predicts and before else None,
        "predicts": seen.predicts,
        "causal": stack.name == "decoder",
    }


def _predictions(seen: Inspection) -> list[list[PredictionJson]] | None:
    if seen.predicts == "none":
        return None
    return [predictions_json(piece[:_PREDICTIONS]) for piece in seen.predicted]


def thumbnails_json(layers: Layers, kind: AttentionKind, rows: Sequence[int], cols: Sequence[int]) -> ThumbnailsJson:
    """
    :param rows: pieces to show, at least one; likewise `cols`.
    """

    def small(layer: np.ndarray | None) -> HeadThumbnailsJson | None:
        if layer is None:
            return None
        codes = thumbnail(coded_layer(layer, kind).codes, rows, cols, THUMBNAIL)
        heads, height, width = codes.shape
        return {"heads": heads, "height": height, "width": width, "data": base64.b64encode(codes.tobytes()).decode()}

    return {"layers": [small(layer) for layer in layers]}
