"""The bar at the top of the page: which model, which index, build another one, take the tour."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr
import orjson

from exbert_hub.app.config.settings import Settings
from exbert_hub.app.service.building import Builder
from exbert_hub.app.service.index_catalog import models_with_index
from exbert_hub.app.service.model_session import noticed
from exbert_hub.app.service.page_service import Desk
from exbert_hub.app.wire import assets
from exbert_hub.app.wire.build_requests import UPLOADS, Order
from exbert_hub.app.wire.payload import Json, model_name
from exbert_hub.corpus.annotation.pipelines import installed_pipelines
from exbert_hub.hub.cached import cached_models

WELL_KNOWN = (
    "google-bert/bert-base-uncased",
    "distilbert/distilbert-base-uncased",
    "FacebookAI/roberta-base",
    "FacebookAI/xlm-roberta-base",
    "openai-community/gpt2",
    "HuggingFaceTB/SmolLM2-135M",
    "EleutherAI/pythia-70m",
    "facebook/bart-base",
    "google-t5/t5-small",
)
"""Suggested wherever they are allowed: small, with safetensors, one of each kind."""


class SetupBar(gr.HTML):
    """Value: what this page allows (`allowances`). What is chosen goes into the state of the page."""

    def __init__(self, value: Any = None, **kwargs: Any) -> None:
        super().__init__(
            value,
            **assets.component("setup", "setup.css", "props, server, upload"),
            padding=False,
            **kwargs,
        )

    def postprocess(self, value: Any) -> str | None:
        return None if value is None else orjson.dumps(value).decode()

    def api_info(self) -> dict[str, Any]:
        return {"type": "string"}


class Tour(gr.HTML):
    """The paper's cases on the embedded demo. It has no value: the script knows what to say, and when."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            **assets.component("tour", "tour.css", hidden=True),
            padding=False,
            **kwargs,
        )


def allowances(desk: Desk, settings: Settings) -> Json:
    """What visitors may do on this page, and within which limits."""
    return {
        "own": model_name(desk.models.own.inspector.facts),
        "models": bool(settings.allowed_models),
        "folders": settings.allow_folders,
        "build": settings.allow_build,
        "max_sentences": settings.max_sentences,
        "max_upload": settings.max_upload,
        "uploads": list(UPLOADS),
    }


def setup_actions(desk: Desk, builder: Builder, settings: Settings) -> list[Callable[[Mapping[str, Any]], Json]]:
    """Server functions of the bar. Each takes one object; an answer with a `notice` says what did not work."""

    def models(data: Mapping[str, Any]) -> Json:
        """Suggestions for the model box; any other allowed model may be typed."""
        return noticed(lambda: {"models": suggestions(desk, settings)})

    def indexes(data: Mapping[str, Any]) -> Json:
        """The indexes of the model that `data` names."""

        def listed() -> Json:
            found = [(name, index.manifest) for name, index in desk.bench(data).shelf.listed()]
            return {"indexes": [{"name": name, "corpus": m.corpus.name, "pieces": m.pieces} for name, m in found]}

        return noticed(listed)

    def annotators(data: Mapping[str, Any]) -> Json:
        """Pipelines that are installed."""
        return noticed(lambda: {"annotators": installed_pipelines()})

    def building(data: Mapping[str, Any]) -> Json:
        """How far the build is."""
        return noticed(lambda: builder.status(_key(data)))

    def prepare(data: Mapping[str, Any]) -> Json:
        """Annotate a corpus and measure what its index would cost."""
        return told(data, lambda: builder.prepare(Order.parse(data, settings), _key(data)))

    def build(data: Mapping[str, Any]) -> Json:
        """Build what was prepared."""
        return told(data, lambda: builder.build(_key(data)))

    def cancel(data: Mapping[str, Any]) -> Json:
        """Stop."""
        return told(data, lambda: builder.cancel(_key(data)))

    def told(data: Mapping[str, Any], act: Callable[[], None]) -> Json:
        def status() -> Json:
            act()
            return builder.status(_key(data))

        return noticed(status)

    return [models, indexes, annotators, building, prepare, build, cancel]


def suggestions(desk: Desk, settings: Settings) -> list[Json]:
    """Models that may be asked for, those first that have an index here, then those that are on this machine."""
    local = not settings.is_public
    named = [name for name in settings.allowed_models if not set(name) & set("*?[]")]
    ways = [
        ("has an index here", models_with_index(settings)),
        ("on this machine", cached_models() if local else []),
        ("", [*named, *WELL_KNOWN]),
    ]
    hints: dict[str, str] = {}
    for hint, names in ways:
        for name in names:
            if settings.allows_model(name) and not desk.models.is_own(name):
                hints.setdefault(name, hint)
    return [{"id": name, "hint": hint} for name, hint in hints.items()]


def _key(data: Mapping[str, Any]) -> str:
    return str(data.get("key") or "")[:64]
