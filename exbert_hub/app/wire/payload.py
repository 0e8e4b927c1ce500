"""What the page is sent, and what it sends: dataclasses of the other rooms as plain JSON, and back."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from exbert_hub import demo
from exbert_hub.errors import ExbertError, MaskError, SelectionError, TextTooLongError

from .attention_kinds import MODES, Mode, layer_payload, layers_of, reasons
from .pieces import Json, pieces_payload, surface, words_payload

if TYPE_CHECKING:
    from exbert_hub.index import Bar, CorpusIndex, Match, Matches
    from exbert_hub.index.format.types import Kind, Layer, Of
    from exbert_hub.index.hub.discovery import Offer
    from exbert_hub.model import Inspection
    from exbert_hub.model.types import ModelFacts, Stack

ALL_LAYERS_UP_TO = 128  # pieces; a 12 x 12 model is then 3 MB, square-root-coded in uint8
PREDICTIONS = 5
DIGITS = 3  # of an attention value in the results: finer than any shade of the page


@dataclass(frozen=True)
class InspectRequest:
    """A text to look at. `mask` holds positions of pieces."""

    text: str
    pair: str = ""
    stack: str = ""  # "encoder", "decoder" or "cross"; "" for the model's main stack
    mask: tuple[int, ...] = ()
    ablate: tuple[tuple[int, int], ...] = ()  # layer and head of those that are silenced
    mode: Mode = "attention"

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> InspectRequest:
        texts = _text(data, "text"), _text(data, "pair"), _text(data, "stack")
        mode: Any = data.get("mode") or "attention"
        if mode not in MODES:
            raise SelectionError(f"the page asked for {mode!r}, not for {', '.join(MODES)}")
        return cls(*texts, _positions(data, "mask"), _heads(data), mode)


@dataclass(frozen=True)
class SearchRequest:
    """A search for what is like one piece of an inspected text."""

    text: str
    pair: str
    mask: tuple[int, ...]
    token: int
    by: Kind
    layer: Layer
    heads: tuple[int, ...]
    index: str = ""  # its name on the page
    ablate: tuple[tuple[int, int], ...] = ()

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> SearchRequest:
        layer: Any = data.get("layer")
        by: Any = data.get("by")
        token: Any = data.get("token")
        heads = _positions(data, "heads")
        if by not in ("embedding", "heads") or not (layer == "emb" or _is_count(layer)) or not _is_count(token):
            raise SelectionError(f"the page sent a search that makes no sense: token={token}, by={by}, layer={layer}")
        texts = _text(data, "text"), _text(data, "pair")
        return cls(*texts, _positions(data, "mask"), token, by, layer, heads, name_in(data, "index"), _heads(data))

    @property
    def inspect(self) -> InspectRequest:
        return InspectRequest(self.text, self.pair, mask=self.mask, ablate=self.ablate)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name) or ""
    if not isinstance(value, str):
        raise SelectionError(f"the page sent {name} as {type(value).__name__}, not as text")
    return value


def name_in(data: Mapping[str, Any], of: Literal["model", "index"]) -> str:
    """The model, or the index, that a request of the page is about; "" for the page's own."""
    return _text(data, of)


def scope(data: Mapping[str, Any]) -> Json:
    """What an answer belongs to, as the request names it."""
    return {"model": name_in(data, "model"), "index": name_in(data, "index")}


def _positions(data: Mapping[str, Any], name: str) -> tuple[int, ...]:
    value = data.get(name) or []
    if not isinstance(value, list) or not all(map(_is_count, value)):
        raise SelectionError(f"the page sent {name}={value!r}, not a list of positions")
    return tuple(value)


def _heads(data: Mapping[str, Any]) -> tuple[tuple[int, int], ...]:
    value = data.get("ablate") or []
    if not isinstance(value, list) or not all(isinstance(one, list) and len(one) == 2 for one in value):
        raise SelectionError(f"the page sent ablate={value!r}, not a list of layers and heads")
    if not all(_is_count(number) for one in value for number in one):
        raise SelectionError(f"the page sent ablate={value!r}, not a list of layers and heads")
    return tuple(sorted({(layer, head) for layer, head in value}))


def by_layer(ablate: Iterable[tuple[int, int]]) -> dict[int, list[int]]:
    """Layers and heads as `Inspector.inspect` takes them."""
    heads: dict[int, list[int]] = {}
    for layer, head in ablate:
        heads.setdefault(layer, []).append(head)
    return heads


def notice(error: ExbertError) -> Json:
    """An error as the page shows it: a title by kind of mistake, and the message."""
    titles = {MaskError: "This cannot be masked", TextTooLongError: "The text is too long"}
    return {"title": titles.get(type(error), "That did not work"), "message": str(error)}


# --- the attention view ----------------------------------------------------------------------------------------------


def model_name(facts: ModelFacts) -> str:
    """How the model is called on the page: its Hub id, or the name of its folder."""
    if Path(facts.model_id) == demo.MODEL:
        return "exbert-mini"
    return Path(facts.model_id).name if Path(facts.model_id).is_dir() else facts.model_id


def facts_payload(facts: ModelFacts) -> Json:
    return {
        "model": facts.model_id,
        "name": model_name(facts),
        "architecture": facts.architecture,
        "kind": facts.kind,
        "heads": list(facts.heads),
        "size": facts.hidden_size,
    }


def index_payload(index: CorpusIndex | None) -> Json | None:
    if index is None:
        return None
    manifest = index.manifest
    return {
        "corpus": manifest.corpus.name,
        "demo": demo.owns(index),
        "model": manifest.model_id,
        "pieces": manifest.pieces,
        "sentences": manifest.sentences,
        "annotator": manifest.corpus.annotator,
        "labels": list(index.labels),
        "layers": {by: list(index.layers(by)) for by in ("embedding", "heads")},
    }


def offer_payload(offer: Offer, model: str) -> Json:
    """A shared index that may be opened."""
    index = offer.index
    return {
        "repo": index.repo_id,
        "corpus": index.corpus,
        "pieces": index.pieces,
        "bytes": index.bytes,
        "others": list(offer.others),
        "model": model,
    }


def chosen_stack(seen: Inspection, request: InspectRequest) -> Stack:
    """
    :raises SelectionError: for a stack that the model does not have.
    """
    stacks: dict[str, Stack] = {str(stack): computed for stack, computed in seen.stacks.items()}
    name = request.stack or seen.main.name
    if name not in stacks:
        raise SelectionError(
            f"{model_name(seen.facts)} has no {name} stack for this input; it has {', '.join(stacks)}"
        )
    return stacks[name]


def inspection_payload(
    seen: Inspection, request: InspectRequest, no_norms: Mapping[str, str], before: Inspection | None = None
) -> Json:
    """One stack of an inspection. Above 128 pieces the page asks for the attention, one layer at a time.

    :param no_norms: by stack, why the model has no norms.
    :param before: with silenced heads, the same text with all of them.
    :raises SelectionError: for a stack that the model does not have.
    :raises UnsupportedError: for a mode that it does not have.
    """
    stack, stacks = chosen_stack(seen, request), seen.stacks
    of_decoder = "encoder" in stacks and stack.name != "encoder"
    texts = (request.pair, "") if of_decoder else (request.text, request.pair)
    sides = {"from": (stack.queries, texts)}
    if stack.name == "cross":
        sides["to"] = stack.keys, (request.text, "")
    predicts = of_decoder or "decoder" not in stacks or len(stacks) == 1
    whole = max(len(stack.queries.pieces), len(stack.keys.pieces)) <= ALL_LAYERS_UP_TO
    return {
        "stack": stack.name,
        "stacks": [one for one in ("encoder", "decoder", "cross") if one in stacks],
        "main": seen.main.name,
        "to": None,
        **{side: pieces_payload(*of) for side, of in sides.items()},
        "words": {side: words_payload(*of) for side, of in sides.items()},
        "mode": request.mode,
        "modes": reasons(seen, stack, no_norms),
        "heads": [0 if layer is None else len(layer) for layer in stack.attention],
        "layers": [
            layer_payload(layer, request.mode, with_data=whole) for layer in layers_of(seen, stack, request.mode)
        ],
        "predictions": _predictions(seen) if predicts else None,
        "before": _predictions(before) if predicts and before else None,
        "predicts": seen.predicts,
        "causal": stack.name == "decoder",
    }


def _predictions(seen: Inspection) -> list[list[tuple[str, float]]] | None:
    if seen.predicts == "none":
        return None
    return [[(one.text, round(one.probability, 4)) for one in piece[:PREDICTIONS]] for piece in seen.predicted]


# --- the evidence ----------------------------------------------------------------------------------------------------


def matches_payload(matches: Matches, seen: Inspection, index: CorpusIndex, seconds: float) -> Json:
    """Results with their histograms. Labels travel as rows of one table, since the same words come again and again."""
    rows: dict[tuple[str, ...], int] = {}
    labels = index.labels
    found = [_match_payload(match, labels, rows) for match in matches.matches]
    at = matches.query.position
    return {
        "token": {
            "text": surface(seen.tokens, (seen.text, seen.text_pair or ""), at) or matches.query.piece,
            "masked": matches.query.masked,
        },
        "seconds": seconds,
        "left_out": dict(matches.left_out),
        "labels": list(labels),
        "rows": list(rows),
        "matches": found,
        "summaries": _summaries(matches, labels, seen.predicts == "next"),
    }


def _match_payload(match: Match, labels: tuple[str, ...], rows: dict[tuple[str, ...], int]) -> Json:
    context = match.context
    return {
        "score": round(match.score, 4),
        "row": match.row,
        "sentence": match.sentence,
        "position": match.position,
        "attended": match.max_attention,
        "offset": match.offset,
        "text": context.text,
        "offsets": context.offsets,
        "labels": [-1 if row is None else rows.setdefault(row, len(rows)) for row in context.labels.rows(labels)],
        "out": _rounded(context.attention_out),
        "into": _rounded(context.attention_in),
    }


def _rounded(values: np.ndarray | None) -> list[float] | None:
    return None if values is None else values.astype(np.float64).round(DIGITS).tolist()


def _summaries(matches: Matches, labels: tuple[str, ...], causal: bool) -> Json:
    asked: dict[Of, tuple[str, ...]] = {"match": labels}
    if any(match.max_attention is not None for match in matches.matches):
        asked["max_attention"] = (*labels, "offset")
    if causal:
        asked["next"] = labels
    told: dict[str, dict[str, Json]] = {of: {} for of in asked}
    for summary in matches.summaries([(field, of) for of, fields in asked.items() for field in fields]):
        told[summary.of][summary.field] = {"total": summary.total, "bars": list(map(bar_payload, summary.bars))}
    return told


def bar_payload(bar: Bar) -> list[Any]:
    """A label that the base never shows has an infinite lift, which JSON cannot say: None."""
    lift = bar.lift if math.isfinite(bar.lift) else None
    rates = (round(bar.share, 4), round(bar.base_rate, 5), lift, bar.q, round(bar.low, 4), round(bar.high, 4))
    return [bar.label, bar.count, *rates, bar.significant]
