"""What the page asks for beside its two values: tables to take away, all layers at once, an empty page to save into.

The answers go straight to the script that asks, so no component's value changes. Like every request of the page, each
carries its whole question.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from exbert_hub.analysis.attention import thumbnail
from exbert_hub.app.service.index_catalog import require
from exbert_hub.app.service.model_session import SEARCH, noticed
from exbert_hub.app.service.page_service import Desk
from exbert_hub.app.wire import exports, saved
from exbert_hub.app.wire.attention_kinds import Layers, Mode, coded, layer_payload, layers_of
from exbert_hub.app.wire.payload import InspectRequest, Json, SearchRequest, bar_payload, chosen_stack
from exbert_hub.errors import SelectionError

if TYPE_CHECKING:
    from exbert_hub.index import LayerSummary

THUMBNAIL = 48  # cells on a side; `static/figure/head_grid.js` has the same
ServerFunction = Callable[[Mapping[str, Any]], Json]


def actions(desk: Desk) -> list[ServerFunction]:
    """Server functions of the evidence. Each takes one object; an answer with a `notice` says why there is none."""

    def table(data: Mapping[str, Any]) -> Json:
        """All matches of a search, `data["query"]`, as a file in `data["format"]`."""

        def make() -> Json:
            write = exports.FORMATS[str(data["format"])]
            _, matches, index = desk.bench(data["query"]).find(SearchRequest.parse(data["query"]))
            content = base64.b64encode(write(matches, index)).decode()
            return {"name": exports.file_name(matches.query, str(data["format"])), "data": content}

        return noticed(make)

    def profile(data: Mapping[str, Any]) -> Json:
        """The label `data["field"]` of the nearest pieces at every layer, for a search `data["query"]`."""

        def make() -> Json:
            bench, request = desk.bench(data["query"]), SearchRequest.parse(data["query"])
            seen, index = bench.look(request.inspect), require(bench.shelf.get(request.index))
            heads = list(request.heads) or None
            found = index.profile(
                seen, request.token, str(data["field"]), by=request.by, heads=heads, **SEARCH._asdict()
            )
            return {"word": found.word, "masked": found.masked, "layers": list(map(_layer_payload, found.layers))}

        return noticed(make)

    def look(data: Mapping[str, Any]) -> tuple[Layers, Mode]:
        request = InspectRequest.parse(data["request"])
        seen = desk.bench(data["request"]).look(request)
        return layers_of(seen, chosen_stack(seen, request), request.mode), request.mode

    def attention(data: Mapping[str, Any]) -> Json:
        """Layer `data["layer"]` of an inspection `data["request"]`, for inputs whose attention is too much to send
        at once."""

        def make() -> Json:
            (layers, mode), number = look(data), data["layer"]
            answer = layer_payload(layers[number], mode) if number in range(len(layers)) else None
            if answer is None:
                raise SelectionError(f"There is no attention at layer {number} of {len(layers)}, counted from 0.")
            return answer

        return noticed(make)

    def thumbnails(data: Mapping[str, Any]) -> Json:
        """Every head of an inspection `data["request"]` as a small picture of the pieces `rows` x `cols`, for inputs
        whose attention is too much to send at once."""

        def make() -> Json:
            layers, mode = look(data)
            shown = list(map(int, data["rows"])), list(map(int, data["cols"]))
            return {
                "layers": [None if layer is None else _thumbnails(coded(layer, mode)[0], *shown) for layer in layers]
            }

        return noticed(make)

    def shell(data: Mapping[str, Any]) -> Json:
        """An empty page that the script fills with what is on the page."""
        return {"html": saved.shell()}

    return [table, profile, attention, thumbnails, shell]


def _thumbnails(codes: np.ndarray, rows: list[int], cols: list[int]) -> Json:
    small = thumbnail(codes, rows, cols, THUMBNAIL)
    heads, height, width = small.shape
    return {"heads": heads, "height": height, "width": width, "data": base64.b64encode(small.tobytes()).decode()}


def _layer_payload(one: LayerSummary) -> Json:
    bars = [bar_payload(bar) for bar in one.bars]
    return {"layer": one.layer, "total": one.total, "bars": bars, "words": list(map(list, one.words))}
