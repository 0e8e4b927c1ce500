"""Two views of one token side by side, and what each layer would predict for it: answers to the panel of the page."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from exbert_hub.analysis.attention import encode_signed
from exbert_hub.app.service.index_catalog import require
from exbert_hub.app.service.model_session import Workbench, noticed
from exbert_hub.app.service.page_service import Desk
from exbert_hub.app.wire.payload import ALL_LAYERS_UP_TO, InspectRequest, Json, SearchRequest, bar_payload, model_name
from exbert_hub.app.wire.pieces import word_of_piece
from exbert_hub.errors import SelectionError
from exbert_hub.index.compare.comparison import compare as set_side_by_side

if TYPE_CHECKING:
    from exbert_hub.index.compare.comparison import Comparison
    from exbert_hub.index.search.results import LayerProfile
    from exbert_hub.model import Inspection

ServerFunction = Callable[[Mapping[str, Any]], Json]


def comparing(desk: Desk) -> list[ServerFunction]:
    """Server functions of the panel. Each takes one object; an answer with a `notice` says why there is none."""

    def compare(data: Mapping[str, Any]) -> Json:
        """The token of a search `data["query"]` against what `data["kind"]` says: "mask", "heads" (without the
        silenced ones), "text" (the sentence `data["against"]`) or "model" (that model, on the same text)."""

        def make() -> Json:
            query, against = data["query"], str(data.get("against") or "").strip()
            bench, request = desk.bench(query), SearchRequest.parse(query)
            other = desk.bench({"model": against}) if data["kind"] == "model" and against else bench
            one, two = _sides(bench, other, request, str(data["kind"]), against)
            index = require(bench.shelf.get(request.index))
            found = set_side_by_side(
                index,
                None if other is bench else require(other.shelf.get()),
                seen=(one.seen, two.seen),
                token=(one.token, two.token),
                by=request.by,
                heads=(request.heads or None) if request.by == "heads" else None,
                field=str(data.get("field") or "pos"),
            )
            return _payload(found, (model_name(one.seen.facts), model_name(two.seen.facts)))

        return noticed(make)

    def lens(data: Mapping[str, Any]) -> Json:
        """What each layer would predict for the token of a search `data["query"]` (logit lens)."""

        def make() -> Json:
            request = SearchRequest.parse(data["query"])
            layers = desk.bench(data["query"]).look(request.inspect).lens(request.token)
            return {"layers": [[(one.text, round(one.probability, 4)) for one in layer] for layer in layers]}

        return noticed(make)

    return [compare, lens]


class _Side(NamedTuple):
    seen: Inspection
    token: int


def _sides(bench: Workbench, other: Workbench, asked: SearchRequest, kind: str, against: str) -> tuple[_Side, _Side]:
    own = asked.inspect
    seen, token = bench.look(own), asked.token
    if kind == "mask":
        words = word_of_piece(seen.tokens, (own.text, own.pair))
        masks = tuple(sorted({*own.mask, *np.flatnonzero(words == words[seen.position_of(token)]).tolist()}))
        plain, masked = (bench.look(replace(own, mask=mask)) for mask in ((), masks))
        return _Side(plain, token), _Side(masked, token)
    if kind == "heads":
        if not own.ablate:
            raise SelectionError("No head is silenced: choose heads and press “silence” beside them.")
        return _Side(bench.look(replace(own, ablate=())), token), _Side(seen, token)
    if kind not in ("text", "model") or not against:
        raise SelectionError("Say with what to compare.")
    word = own.text[slice(*seen.tokens.offsets[seen.position_of(token)].tolist())].strip()
    if kind == "text":
        changed = bench.look(InspectRequest(against, ablate=own.ablate))
        return _Side(seen, token), _Side(changed, changed.find(word)[0])
    by_other = other.look(InspectRequest(own.text))
    return _Side(bench.look(InspectRequest(own.text)), token), _Side(by_other, by_other.find(word)[0])


def _payload(found: Comparison, models: tuple[str, str]) -> Json:
    assert found.token is not None  # always asked for
    token, similar = found.token, {each.layer: each for each in found.similarity}
    return {
        "sides": [str(asked) for asked in token.asked],
        "models": list(models),
        "k": token.k,
        "layers": [
            {
                "layer": each.layer,
                "rbo": round(each.rbo, 3),
                "jaccard": round(each.jaccard, 3),
                "shared": each.shared,
                "cka": round(similar[each.layer].cka, 3) if each.layer in similar else None,
                "chance": round(similar[each.layer].chance, 3) if each.layer in similar else None,
            }
            for each in token.overlap
        ],
        "profiles": [_profile(side, found.layers) for side in token.profiles],
        "predictions": [[(one.text, round(one.probability, 4)) for one in side] for side in token.predictions],
        "attention": _attention(found),
        "no_attention": token.no_attention,
    }


def _profile(side: LayerProfile, layers: tuple[Any, ...]) -> list[Json]:
    kept = [one for one in side.layers if one.layer in layers]
    return [
        {"layer": one.layer, "total": one.total, "bars": list(map(bar_payload, one.bars)), "words": []} for one in kept
    ]


def _attention(found: Comparison) -> Json | None:
    """Signed differences of all layers; of more than 128 pieces the shift of every head alone."""
    difference = found.token.attention if found.token else None
    if difference is None:
        return None
    small = len(difference.tokens[0]) <= ALL_LAYERS_UP_TO

    def coded(layer: np.ndarray | None) -> str | None:
        return base64.b64encode(encode_signed(layer).tobytes()).decode() if small and layer is not None else None

    return difference.to_dict() | {"layers": [coded(layer) for layer in difference.layers]}
