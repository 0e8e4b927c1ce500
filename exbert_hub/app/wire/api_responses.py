"""What the API answers, as JSON."""

# no `from __future__ import annotations`: Gradio reads these types at run time
from collections.abc import Sequence
from typing import Any, TypedDict

import numpy as np

from exbert_hub.analysis.attention import aggregate
from exbert_hub.errors import SelectionError
from exbert_hub.index import CorpusIndex
from exbert_hub.index.format.types import Layer
from exbert_hub.model import Inspection, Inspector
from exbert_hub.model.types import Prediction

from .api_requests import ApiInspectRequest
from .responses.model import model_name

_DIGITS = 4


class PieceInfo(TypedDict):
    position: int
    piece: str  # as the tokenizer names it
    text: str  # the characters it stands for, "" for special tokens
    special: bool
    masked: bool
    predictions: list[dict[str, Any]]  # {"text", "probability"}, likeliest first


class AttentionInfo(TypedDict):
    layer: int
    heads: list[int]
    weights: list[list[float]]  # [from][to], mean over the heads


class InspectAnswer(TypedDict):
    model: str
    stack: str  # whose pieces these are: "encoder" or "decoder"
    predicts: str  # "here": predictions are for the piece itself; "next": for the one after it; "none"
    pieces: list[PieceInfo]
    attention: AttentionInfo | None


class SearchAnswer(TypedDict):
    query: dict[str, Any]  # text, word, piece, position, masked, by, layer, heads
    left_out: dict[str, int]  # why nearer corpus words were left out, and how many
    matches: list[dict[str, Any]]  # rank, score, labels, sentence_text, max_attention, offset, …


class BarInfo(TypedDict):
    label: str
    count: int
    share: float  # among the matches
    low: float  # 95 % bootstrap interval of the share
    high: float
    base_rate: float  # in the whole corpus
    lift: float | None  # share / base_rate; None where the base rate is 0
    p: float  # two-sided, hypergeometric
    q: float  # p corrected for all labels (Benjamini-Hochberg)
    significant: bool  # q < 0.05


class SummaryAnswer(TypedDict):
    query: dict[str, Any]
    field: str
    of: str
    total: int  # tokens counted
    bars: list[BarInfo]


class LayerInfo(TypedDict):
    layer: int | str  # 0 to L - 1, or "emb"
    heads: int  # 0 where the layer has no attention
    searchable: list[str]  # of "embedding", "heads"
    attention_stored: bool  # whether matches come with their max-attention token


class ModelAnswer(TypedDict):
    model: str
    kind: str  # "masked", "causal", "seq2seq" or "encoder"
    architecture: str
    hidden_size: int
    max_pieces: int  # of a text
    layers: list[LayerInfo]
    corpus: dict[str, Any] | None  # name, pieces, sentences, labels, license; None without an index
    further_models: list[str]  # that may be asked for: ids or patterns


def model_answer(inspector: Inspector, index: CorpusIndex | None, further_models: Sequence[str]) -> ModelAnswer:
    model_info = inspector.model_info
    layers: list[Layer] = ["emb", *range(len(model_info.heads))]
    stored = index.manifest.attention_layers if index else ()
    return {
        "model": model_name(model_info),
        "kind": model_info.kind,
        "architecture": model_info.architecture,
        "hidden_size": model_info.hidden_size,
        "max_pieces": inspector.max_pieces,
        "layers": [
            LayerInfo(
                layer=layer,
                heads=0 if layer == "emb" else model_info.heads[layer],
                searchable=[by for by in ("embedding", "heads") if index and layer in index.layers(by)],
                attention_stored=layer in stored,
            )
            for layer in layers
        ],
        "corpus": _corpus(index),
        "further_models": list(further_models),
    }


def _corpus(index: CorpusIndex | None) -> dict[str, Any] | None:
    if index is None:
        return None
    manifest = index.manifest
    return {
        "name": manifest.corpus.name,
        "license": manifest.corpus.license,
        "annotator": manifest.corpus.annotator,
        "pieces": manifest.pieces,
        "sentences": manifest.sentences,
        "labels": list(index.labels),
    }


def inspect_answer(seen: Inspection, request: ApiInspectRequest) -> InspectAnswer:
    """
    :raises SelectionError: for a layer or a head that the model does not have.
    """
    is_predicted = len(seen.predicted) == len(seen.pieces) and len(seen.stacks) == 1
    predicted: Sequence[Sequence[Prediction]] = seen.predicted if is_predicted else [()] * len(seen.pieces)
    return {
        "model": model_name(seen.model_info),
        "stack": seen.main.name,
        "predicts": seen.predicts if is_predicted and seen.pieces else "none",
        "pieces": [_piece(seen, position, top[: request.top_k]) for position, top in enumerate(predicted)],
        "attention": None if request.layer is None else _attention(seen, request.layer, request.heads),
    }


def _piece(seen: Inspection, position: int, predictions: Sequence[Prediction]) -> PieceInfo:
    start, end = seen.tokens.offsets[position]
    text = (seen.text_pair or "") if seen.tokens.segments[position] else seen.text
    return {
        "position": position,
        "piece": seen.pieces[position],
        "text": text[start:end].strip(),
        "special": bool(seen.special[position]),
        "masked": bool(seen.masked[position]),
        "predictions": [{"text": one.text, "probability": round(one.probability, _DIGITS)} for one in predictions],
    }


def _attention(seen: Inspection, layer: int, heads: Sequence[int] | None) -> AttentionInfo:
    if layer >= len(seen.attention) or seen.attention[layer] is None:
        raise SelectionError(
            f"layer={layer}: the model has no attention there; it has layers 0 to {len(seen.attention) - 1}."
        )
    weights = np.asarray(seen.attention[layer])
    chosen = list(range(len(weights))) if not heads else sorted(set(heads))
    if chosen[-1] >= len(weights):
        raise SelectionError(f"heads={list(chosen)}: layer {layer} has heads 0 to {len(weights) - 1}.")
    mean = aggregate(weights, chosen) / len(chosen)
    return {"layer": layer, "heads": chosen, "weights": mean.round(_DIGITS).tolist()}
