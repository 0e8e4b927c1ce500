"""What the page is told about a model, its indexes and those that others share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from exbert_hub import demo
from exbert_hub.index.format.types import Kind
from exbert_hub.model.types import ModelKind

from .common import Layer, Message

if TYPE_CHECKING:
    from exbert_hub.index import CorpusIndex
    from exbert_hub.index.hub.discovery import Offer
    from exbert_hub.model.types import ModelInfo


class ModelInfoJson(Message):
    """The model that is shown."""

    model: str  # Hub id, or folder
    name: str  # for people
    architecture: str
    kind: ModelKind
    heads: list[int]  # per layer
    size: int  # of a hidden state


class IndexInfoJson(Message):
    """An index that is searched."""

    corpus: str
    demo: bool
    model: str
    pieces: int
    sentences: int
    annotator: str
    labels: list[str]
    layers: dict[Kind, list[Layer]]  # that can be searched


class OfferJson(Message):
    """A shared index that may be opened."""

    repo: str
    corpus: str
    pieces: int
    bytes: int
    others: list[str]  # repositories of further ones
    model: str


def model_name(model_info: ModelInfo) -> str:
    """How the model is called on the page: its Hub id, or the name of its folder."""
    if Path(model_info.model_id) == demo.MODEL:
        return "exbert-mini"
    return Path(model_info.model_id).name if Path(model_info.model_id).is_dir() else model_info.model_id


def model_json(model_info: ModelInfo) -> ModelInfoJson:
    return {
        "model": model_info.model_id,
        "name": model_name(model_info),
        "architecture": model_info.architecture,
        "kind": model_info.kind,
        "heads": list(model_info.heads),
        "size": model_info.hidden_size,
    }


def index_json(index: CorpusIndex | None) -> IndexInfoJson | None:
    if index is None:
        return None
    manifest = index.manifest
    kinds: tuple[Kind, ...] = ("embedding", "heads")
    return {
        "corpus": manifest.corpus.name,
        "demo": demo.owns(index),
        "model": manifest.model_id,
        "pieces": manifest.pieces,
        "sentences": manifest.sentences,
        "annotator": manifest.corpus.annotator,
        "labels": list(index.labels),
        "layers": {by: list(index.layers(by)) for by in kinds},
    }


def offer_json(offer: Offer, model: str) -> OfferJson:
    index = offer.index
    return {
        "repo": index.repo_id,
        "corpus": index.corpus,
        "pieces": index.pieces,
        "bytes": index.bytes,
        "others": list(offer.others),
        "model": model,
    }
