"""What the page asks for beside its two values: tables to take away, all layers at once, an empty page to save into.

The answers go straight to the script that asks, so no component's value changes. Like every request of the page, each
carries its whole question.
"""

from __future__ import annotations

import base64

from exbert_hub.app.service.page_service import PageService
from exbert_hub.app.wire import exports, saved
from exbert_hub.app.wire.answers import ServerFunction, answer
from exbert_hub.app.wire.requests import (
    AttentionRequest,
    InspectRequest,
    Nothing,
    ProfileRequest,
    TableRequest,
    ThumbnailsRequest,
)
from exbert_hub.app.wire.responses.attention_kinds import Layers, SentLayerJson, layer_json, layers_of
from exbert_hub.app.wire.responses.evidence import AllLayersJson, ResultsFileJson, SavedShellJson, all_layers_json
from exbert_hub.app.wire.responses.inspection import ThumbnailsJson, chosen_stack, thumbnails_json
from exbert_hub.errors import SelectionError


def evidence_actions(service: PageService) -> list[ServerFunction]:
    """Server functions of the evidence. Each takes one object; an answer with a `notice` says why there is none."""

    @answer(TableRequest)
    def table(request: TableRequest) -> ResultsFileJson:
        """All matches of a search, as a file."""
        query = request.query
        _, matches, index = service.session(query).find(query)
        content = exports.FORMATS[request.format](matches, index)
        name = exports.file_name(matches.query, request.format)
        return {"name": name, "data": base64.b64encode(content).decode()}

    @answer(ProfileRequest)
    def profile(request: ProfileRequest) -> AllLayersJson:
        """A label of the nearest pieces at every layer."""
        query = request.query
        seen, index = service.session(query).ready(query)
        return all_layers_json(
            index.profile(seen, query.token, request.field, by=query.by, heads=query.chosen_heads, **query.options)
        )

    @answer(AttentionRequest)
    def attention(request: AttentionRequest) -> SentLayerJson:
        """One layer of an inspection, for inputs whose attention is too much to send at once."""
        layers, number = _layers(service, request.request), request.layer
        layer = layers[number] if number < len(layers) else None
        if layer is None:
            raise SelectionError(f"There is no attention at layer {number} of {len(layers)}, counted from 0.")
        return layer_json(layer, request.request.attention_kind)

    @answer(ThumbnailsRequest)
    def thumbnails(request: ThumbnailsRequest) -> ThumbnailsJson:
        """Every head of an inspection as a small picture of some pieces, for inputs whose attention is too much to
        send at once."""
        layers = _layers(service, request.request)
        return thumbnails_json(layers, request.request.attention_kind, request.rows, request.cols)

    @answer(Nothing)
    def shell(request: Nothing) -> SavedShellJson:
        """An empty page that the script fills with what is on the page."""
        return {"html": saved.shell()}

    return [table, profile, attention, thumbnails, shell]


def _layers(service: PageService, request: InspectRequest) -> Layers:
    seen = service.session(request).look(request)
    return layers_of(seen, chosen_stack(seen, request), request.attention_kind)
