"""An index in one piece, opened from the files of a folder."""

from __future__ import annotations

from exbert_hub.errors import ExbertError
from exbert_hub.index.format.manifest import Manifest
from exbert_hub.index.store.store import Store

from .protocols import OpenedIndex
from .searcher import Searcher


class StoredIndex:
    """An `OpenedIndex` whose files are in one folder: all of them, or those that were used so far."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.tokens, self.sentences = store.tables()
        self.searcher = Searcher(store, self.tokens, self.sentences)

    @property
    def manifest(self) -> Manifest:
        return self.store.manifest

    @property
    def names(self) -> tuple[str, ...]:
        return (self.store.remote.repo_id if self.store.remote else str(self.store.folder),)

    @property
    def revision(self) -> str | None:
        return self.store.remote.commit if self.store.remote else None


def in_one_piece(opened: OpenedIndex, refusal: ExbertError) -> StoredIndex:
    """An index whose files are in one folder, for what can only be done with such a one.

    :param refusal: raised for an index in shards.
    """
    if not isinstance(opened, StoredIndex):
        raise refusal
    return opened
