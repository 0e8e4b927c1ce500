"""The bar at the top of the page, the build that is under way, and the line in which requests wait."""

from __future__ import annotations

from typing import Literal

from .common import Message

BuildPhase = Literal["idle", "annotating", "measuring", "ready", "indexing", "done", "cancelled", "failed"]


class AllowancesJson(Message):
    """What visitors may do, and within which limits."""

    own: str  # name of the page's own model
    models: bool
    folders: bool
    build: bool
    max_sentences: int
    max_upload: int  # MB
    uploads: list[str]  # ends of file names


class ModelSuggestionJson(Message):
    id: str
    hint: str


class SuggestionsJson(Message):
    models: list[ModelSuggestionJson]


class ListedIndexJson(Message):
    name: str  # on the page
    corpus: str
    pieces: int


class IndexesJson(Message):
    indexes: list[ListedIndexJson]


class AnnotatorsJson(Message):
    annotators: list[str]


class BuildStatusJson(Message):
    """How far a build is."""

    phase: BuildPhase
    busy: bool
    mine: bool
    model: str  # as the page names it
    model_name: str
    corpus: str
    done: int  # sentences while annotating, pieces while indexing
    total: int | None
    rate: float | None  # of `done`, per second
    left: float | None  # seconds
    estimate: str
    message: str  # why it failed, or what was left
    index: str  # name of the finished index


class LinePositionJson(Message):
    """Where a request stands in the line."""

    ahead: int | None  # requests before it; None where it does not wait
