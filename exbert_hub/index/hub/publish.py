"""Sharing an index: what is announced, what is left out, and in which order it is uploaded."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from exbert_hub import hub
from exbert_hub.errors import HubError, IndexFormatError
from exbert_hub.index.format import layout
from exbert_hub.index.format.manifest import Manifest
from exbert_hub.index.store.store import Store

from .card import render

if TYPE_CHECKING:
    from huggingface_hub import CommitInfo

    from exbert_hub.corpus.types import CorpusInfo
    from exbert_hub.model.types import ModelInfo

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PushRequest:
    """Where an index is pushed, and how; see `CorpusIndex.push_to_hub`."""

    repo_id: str
    private: bool | None = None
    license: str | None = None
    revision: str | None = None
    create_pr: bool = False
    message: str | None = None
    token: str | bool | None = None


def publish(store: Store, request: PushRequest) -> CommitInfo:
    """Push an index; see `CorpusIndex.push_to_hub`."""
    repo_id, revision, create_pr = request.repo_id, request.revision, request.create_pr
    if not hub.is_repo_id(repo_id):
        raise HubError(f"{repo_id!r} is not the id of a repository: write it as 'owner/name'")
    if create_pr and revision is not None:
        raise HubError("a pull request is always against main: leave out revision= or create_pr=")
    manifest = _publishable(store.manifest, request.license)
    store.fetch()
    target = hub.open_repository(
        repo_id, private=request.private, revision=revision, create=not create_pr, token=request.token
    )
    _announce(manifest, target)
    mine = store.folder / layout.CARD
    old = target.read(layout.CARD) or (mine.read_text("utf-8") if mine.is_file() else None)
    card = render(repo_id, manifest, old, _manifest_before(target))
    content = hub.Upload(
        folder=store.folder,
        data=tuple(manifest.files),
        last={layout.CARD: card.encode(), layout.MANIFEST: manifest.to_json().encode()},
        ours=layout.is_allowed,
        message=request.message or f"Index of {manifest.corpus.name} by {manifest.model_id}",
    )
    return hub.upload(content, target, create_pr=create_pr)


def _publishable(manifest: Manifest, license: str | None) -> Manifest:
    """The manifest with its licence, and without the names of folders on this machine."""
    license = license or manifest.corpus.license
    if not license:
        raise HubError(
            f"the licence of {manifest.corpus.name!r} is not known, and everyone who can see the repository can read "
            "its text: say under which licence you share it, for example license='cc0-1.0' (--license cc0-1.0) for "
            "text in the public domain, or license='other'."
        )
    model, corpus = without_folders(manifest.model, manifest.corpus)
    return replace(manifest, model=model, corpus=replace(corpus, license=license))


def without_folders(model: ModelInfo, corpus: CorpusInfo) -> tuple[ModelInfo, CorpusInfo]:
    """The same without the paths of folders on this machine."""
    if model.revision is None and _is_path(model.model_id):
        model = replace(model, model_id=Path(model.model_id).name)
    if _is_path(corpus.source):
        corpus = replace(corpus, source=Path(corpus.source).name)
    return model, corpus


def _is_path(text: str) -> bool:
    return os.path.isabs(text) or text.startswith((".", "~")) or os.path.exists(text)


def _announce(manifest: Manifest, target: hub.Repository) -> None:
    if target.private:
        readers = "you and those you give access"
    elif target.gated:
        readers = "everyone to whom you grant access"
    else:
        readers = "EVERYBODY"
    logger.warning(
        "The whole text of %r (%s sentences, licence %s) will be readable by %s in %s.",
        manifest.corpus.name,
        f"{manifest.sentences:,}",
        manifest.corpus.license,
        readers,
        target.repo_id,
    )


def _manifest_before(target: hub.Repository) -> Manifest | None:
    """The manifest that the card in the repository was written for."""
    text = target.read(layout.MANIFEST)
    if text is None:
        return None
    try:
        return Manifest.from_json(text, f"{target.repo_id}/{layout.MANIFEST}")
    except IndexFormatError as error:
        logger.warning("%s; it is replaced", error)
        return None
