"""What the API answers, as JSON."""

# no `from __future__ import annotations`: Gradio reads these types at run time
from typing import Any, TypedDict


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
