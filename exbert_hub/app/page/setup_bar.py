"""The bar at the top of the page: which model, which index, build another one, take the tour."""

from __future__ import annotations

from typing import Any

from exbert_hub.app.config.settings import Settings
from exbert_hub.app.service.build_corpus import UPLOADS
from exbert_hub.app.service.build_service import BuildService
from exbert_hub.app.service.index_catalog import models_with_index
from exbert_hub.app.service.page_service import PageService
from exbert_hub.app.wire import assets
from exbert_hub.app.wire.answers import ServerFunction, answer
from exbert_hub.app.wire.requests import BuildKeyRequest, BuildRequest, Nothing, Scope
from exbert_hub.app.wire.responses.model import model_name
from exbert_hub.app.wire.responses.setup import (
    AllowancesJson,
    AnnotatorsJson,
    BuildStatusJson,
    IndexesJson,
    ModelSuggestionJson,
    SuggestionsJson,
)
from exbert_hub.corpus.annotation.pipelines import installed_pipelines
from exbert_hub.hub.cached import cached_models

from .component import ScriptedHTML

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


class SetupBar(ScriptedHTML):
    """Value: what this page allows (`allowances`). What is chosen goes into the state of the page."""

    def __init__(self, value: Any = None, **kwargs: Any) -> None:
        super().__init__(
            value,
            **assets.component("setup", "setup.css", "props, server, upload"),
            padding=False,
            **kwargs,
        )


class Tour(ScriptedHTML):
    """The paper's cases on the embedded demo. It has no value: the script knows what to say, and when."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            **assets.component("tour", "tour.css", hidden=True),
            padding=False,
            **kwargs,
        )


def allowances(service: PageService, settings: Settings) -> AllowancesJson:
    """What visitors may do on this page, and within which limits."""
    return {
        "own": model_name(service.models.own.inspector.model_info),
        "models": bool(settings.allowed_models),
        "folders": settings.allow_folders,
        "build": settings.allow_build,
        "max_sentences": settings.max_sentences,
        "max_upload": settings.max_upload,
        "uploads": list(UPLOADS),
    }


def setup_actions(service: PageService, builds: BuildService, settings: Settings) -> list[ServerFunction]:
    """Server functions of the bar. Each takes one object; an answer with a `notice` says what did not work."""

    @answer(Nothing)
    def models(request: Nothing) -> SuggestionsJson:
        """Suggestions for the model box; any other allowed model may be typed."""
        return {"models": suggestions(service, settings)}

    @answer(Scope)
    def indexes(request: Scope) -> IndexesJson:
        """The indexes of a model."""
        listed = [(name, index.manifest) for name, index in service.session(request).catalog.listed()]
        return {
            "indexes": [
                {"name": name, "corpus": manifest.corpus.name, "pieces": manifest.pieces} for name, manifest in listed
            ]
        }

    @answer(Nothing)
    def annotators(request: Nothing) -> AnnotatorsJson:
        """Pipelines that are installed."""
        return {"annotators": installed_pipelines()}

    @answer(BuildKeyRequest)
    def building(request: BuildKeyRequest) -> BuildStatusJson:
        """How far the build is."""
        return builds.status(request.key)

    @answer(BuildRequest)
    def prepare(request: BuildRequest) -> BuildStatusJson:
        """Annotate a corpus and measure what its index would cost."""
        builds.prepare(request)
        return builds.status(request.key)

    @answer(BuildKeyRequest)
    def build(request: BuildKeyRequest) -> BuildStatusJson:
        """Build what was prepared."""
        builds.build(request.key)
        return builds.status(request.key)

    @answer(BuildKeyRequest)
    def cancel(request: BuildKeyRequest) -> BuildStatusJson:
        """Stop."""
        builds.cancel(request.key)
        return builds.status(request.key)

    return [models, indexes, annotators, building, prepare, build, cancel]


def suggestions(service: PageService, settings: Settings) -> list[ModelSuggestionJson]:
    """Models that may be asked for, those first that have an index here, then those that are on this machine."""
    local = not settings.is_public
    named = [name for name in settings.allowed_models if not set(name) & set("*?[]")]
    sources = [
        ("has an index here", models_with_index(settings)),
        ("on this machine", cached_models() if local else []),
        ("", [*named, *WELL_KNOWN]),
    ]
    hints: dict[str, str] = {}
    for hint, names in sources:
        for name in names:
            if settings.allows_model(name) and not service.models.is_own(name):
                hints.setdefault(name, hint)
    return [{"id": name, "hint": hint} for name, hint in hints.items()]
