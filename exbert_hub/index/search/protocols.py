"""What an index has to offer so that it can be searched: an index on disk and many side by side stand behind these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from exbert_hub.index.format.manifest import Manifest, VectorSpec
from exbert_hub.index.format.types import Kind, Layer
from exbert_hub.index.results.types import Match

from .filter import Place
from .query import Query, VectorQuery
from .ranking import NearestRows

if TYPE_CHECKING:
    import datasets

    from exbert_hub.index.store.store import Store


class BaseRateSource(Protocol):
    """How often labels occur in the populations that histograms are set against."""

    def match(self, label: str, /) -> Mapping[str, int]:
        """Over all indexed pieces."""

    def next(self, label: str, /) -> Mapping[str, int]:
        """Over the pieces that follow an indexed piece."""

    def max_attention(self, label: str, layer: int, heads: tuple[int, ...], /) -> Mapping[str, int]:
        """Over the max-attention tokens of all indexed pieces, at this layer and these heads."""

    def offset(self, layer: int, heads: tuple[int, ...], /) -> Mapping[str, int]:
        """Offsets of those tokens."""


class SearchBackend(Protocol):
    """Finds and describes corpus pieces."""

    @property
    def base(self) -> BaseRateSource: ...

    def prepare(self, layer: Layer) -> None:
        """Say that matches will be described at this layer."""

    def nearest(self, query: VectorQuery) -> NearestRows:
        """The nearest pieces, best first, and why nearer ones were left out."""

    def vectors(self, spec: VectorSpec, rows: np.ndarray) -> np.ndarray:
        """The stored vectors of some rows: float32 [n, dim]."""

    def places(self, rows: np.ndarray) -> list[Place]:
        """Where the rows stand."""

    def values(self, column: str, rows: np.ndarray) -> list[str]:
        """A column of the tokens table at some rows, as text."""

    def describe(self, scores: np.ndarray, rows: np.ndarray, query: Query) -> tuple[Match, ...]:
        """Everything there is to show about some rows."""

    def verify(self) -> None:
        """Wait until every file that was used is known to be the one that the manifest names."""


class OpenedIndex(Protocol):
    """An index that has been opened, in one piece or in several."""

    @property
    def manifest(self) -> Manifest: ...

    @property
    def names(self) -> tuple[str, ...]:
        """The folders or repositories that it was opened from."""

    @property
    def revision(self) -> str | None:
        """The commit on the Hub that it is pinned to, None for folders."""

    @property
    def tokens(self) -> datasets.Dataset: ...

    @property
    def sentences(self) -> datasets.Dataset: ...

    @property
    def searcher(self) -> SearchBackend: ...

    @property
    def store(self) -> Store | None:
        """The files of an index in one piece; None for several."""


class SearchableIndex(Protocol):
    """What other rooms ask of a `CorpusIndex`."""

    @property
    def opened(self) -> OpenedIndex: ...

    @property
    def name_or_path(self) -> str: ...

    @property
    def manifest(self) -> Manifest: ...

    def layers(self, by: Kind) -> Sequence[Layer]: ...
