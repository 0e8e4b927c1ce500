"""The indexes of one model that a page can search: its own, a shared one, and those built from the page."""

from __future__ import annotations

import logging
import re
import threading
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from exbert_hub.app.config.settings import Settings
from exbert_hub.app.wire.parse import quoted
from exbert_hub.cache import cache_root
from exbert_hub.errors import ExbertError, IndexMismatchError, SelectionError
from exbert_hub.index.format import layout
from exbert_hub.index.search.selection import check_model

if TYPE_CHECKING:
    from exbert_hub.index import CorpusIndex
    from exbert_hub.index.format.manifest import Manifest
    from exbert_hub.index.hub.discovery import Offer
    from exbert_hub.model.types import ModelInfo

logger = logging.getLogger(__name__)

_NAME = re.compile(r"(built|public)-[\w-]{1,80}", re.ASCII)


def library(settings: Settings) -> tuple[Path, str]:
    """The folder of built indexes, and how the names of those begin that belong to this page.

    What visitors of a public page build, and what the owner builds at home, are never mixed up: a link to share must
    not show the corpora on the owner's disk.
    """
    return cache_root() / "indexes", "public-" if settings.is_public else "built-"


class IndexCatalog:
    """Names stand for indexes: "" is the default one, others are folders of the library."""

    def __init__(
        self, model_info: ModelInfo, own: CorpusIndex | None, settings: Settings, offer: Offer | None = None
    ) -> None:
        """
        :param own: the index the page was launched with.
        :param offer: a shared index to open instead of none; without asking if it is trusted.
        :raises IndexMismatchError: if the index was built with another model.
        """
        if own is not None:
            check_model(own.manifest, model_info)
        self._model_info = model_info
        self._own = own
        self._settings = settings
        self._offer = offer
        self._opened: dict[str, CorpusIndex] = {}
        self._opening = threading.Lock()
        if offer is not None and offer.trusted:
            logger.info("Opening %s", offer)
            self.accept()
        elif offer is not None:
            logger.info("The page offers %s", offer)

    @property
    def offer(self) -> Offer | None:
        """A shared index that waits for being asked for."""
        return None if self._own else self._offer

    def accept(self) -> None:
        """Open the shared index that was found for the model, for everybody who looks at this page.

        :raises ExbertError: if it is unavailable, or not of this model after all.
        """
        from exbert_hub.index import CorpusIndex

        with self._opening:
            if self._own is None and self._offer is not None:
                index = CorpusIndex.from_pretrained(self._offer.index.repo_id, revision=self._offer.commit)
                check_model(index.manifest, self._model_info)
                self._own = index

    def get(self, name: str = "") -> CorpusIndex | None:
        """An index by name; None where the model has none at all.

        :raises SelectionError: if there is no index of that name.
        :raises ExbertError: if it cannot be opened.
        """
        if not name and self._own is not None:
            return self._own
        names = self.built()
        if not name:
            return self._open(names[0]) if names else None
        if name not in names:
            raise SelectionError(f"There is no index {quoted(name)} of this model here.")
        return self._open(name)

    def require(self, name: str = "") -> CorpusIndex:
        """An index by name.

        :raises IndexMismatchError: if the model has none at all.
        :raises ExbertError: as `get` does.
        """
        index = self.get(name)
        if index is None:
            raise IndexMismatchError("No index is open: launch with one, `exbert_hub.launch(model, index=folder)`.")
        return index

    def built(self) -> list[str]:
        """Names of the indexes in the library that are of this model, the newest first."""
        folder, prefix = library(self._settings)
        ours = (self._model_info.weights_fingerprint, self._model_info.tokenizer_fingerprint)
        by_time = []
        for path in folder.glob(f"{prefix}*/{layout.MANIFEST}"):
            if _model_of(path, stamp := path.stat().st_mtime_ns) == ours and _NAME.fullmatch(path.parent.name):
                by_time.append((stamp, path.parent.name))
        return [name for _, name in sorted(by_time, reverse=True)]

    def listed(self) -> list[tuple[str, CorpusIndex]]:
        """Everything there is by name, the default first."""
        default = self.get()
        if default is None:
            return []
        others = [(name, self._open(name)) for name in self.built()]
        return [("", default), *((name, index) for name, index in others if index is not default)]

    def _open(self, name: str) -> CorpusIndex:
        from exbert_hub.index import CorpusIndex

        with self._opening:
            if name not in self._opened:
                index = CorpusIndex.from_pretrained(library(self._settings)[0] / name)
                check_model(index.manifest, self._model_info)
                self._opened[name] = index
            return self._opened[name]


@lru_cache(maxsize=256)
def _manifest(path: Path, stamp: int) -> Manifest | None:
    """What an index says of itself; read again when its file changes."""
    from exbert_hub.index.format.manifest import Manifest

    try:
        return Manifest.load(path.parent)
    except ExbertError as error:
        logger.warning("%s is passed over: %s", path.parent, error)
        return None


def _model_of(path: Path, stamp: int) -> tuple[str, str] | None:
    manifest = _manifest(path, stamp)
    return (manifest.model.weights_fingerprint, manifest.model.tokenizer_fingerprint) if manifest else None


def models_with_index(settings: Settings) -> list[str]:
    """Ids of the models that the indexes of the library were built with."""
    folder, prefix = library(settings)
    paths = sorted(folder.glob(f"{prefix}*/{layout.MANIFEST}"))
    manifests = (_manifest(path, path.stat().st_mtime_ns) for path in paths)
    return list(dict.fromkeys(manifest.model_id for manifest in manifests if manifest))
