"""The nearest vectors of an index, ranked, and as many more of them as a filter leaves out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from exbert_hub.errors import SelectionError
from exbert_hub.index.format.types import Mode
from exbert_hub.index.store.coarse import pays_off, search_coarse
from exbert_hub.index.store.vectors import nearest

from .filter import Place
from .query import VectorQuery

if TYPE_CHECKING:
    import faiss


class Ranking(Protocol):
    """Scores and rows of the `count` nearest pieces, best first; of equal scores the lowest row first."""

    mode: Mode  # how it last did that

    def __call__(self, count: int) -> tuple[np.ndarray, np.ndarray]: ...


class NearestRows(NamedTuple):
    """The outcome of a search, before anything is looked up."""

    scores: np.ndarray  # float32, descending
    rows: np.ndarray  # int64
    left_out: Counter[str]  # why nearer rows were left out, and how many
    mode: Mode


def nearest_rows(
    rank: Ranking, total: int, query: VectorQuery, places: Callable[[np.ndarray], Sequence[Place]]
) -> NearestRows:
    """The `k` nearest rows that the filter of a query keeps.

    Asks for more whenever the filter leaves too few, so that `k` results come back if the corpus has them.

    :param total: rows that there are.
    :raises SelectionError: if `k` is not positive.
    """
    k, keep = query.k, query.keep
    if k < 1:
        raise SelectionError(f"k={k}: ask for at least one match")
    fetch = min(2 * k if keep.active else k, total)
    while True:
        scores, rows = rank(fetch)
        if not keep.active:
            return NearestRows(scores, rows, Counter(), rank.mode)
        kept, left_out = keep(places(rows), k)
        if len(kept) == k or fetch == total:
            return NearestRows(scores[kept], rows[kept], left_out, rank.mode)
        fetch = min(4 * fetch, total)


class IndexRanking:
    """Ranks the vectors of one FAISS index.

    FAISS leaves open which of equal vectors it returns, and there are many of them: at the input embeddings, a piece
    at the same position always has the same one. Without a rule, an index in shards would not answer as
    one in one piece does.

    :param index: of FAISS.
    :param name: for errors.
    :param query: float32 [d].
    :param coarse: file of the coarse stage, if it is to be used where that pays off.
    """

    def __init__(self, index: faiss.Index, name: str, query: np.ndarray, coarse: Path | None = None) -> None:
        self._index, self._name, self._query, self._coarse = index, name, query, coarse
        self.mode: Mode = "exact"

    def __call__(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        total = self._index.ntotal
        if self._coarse and pays_off(len(self._query), count, total):
            self.mode = "fast"
            return first(*search_coarse(self._index, self._coarse, self._query, count), count)
        self.mode = "exact"
        fetch = min(count + 1, total)
        scores, rows = nearest(self._index, self._name, self._query, fetch)
        while fetch < total and scores[count - 1] == scores[-1]:  # more of the same score may follow
            fetch = min(8 * fetch, total)
            scores, rows = nearest(self._index, self._name, self._query, fetch)
        return first(scores, rows, count)


def first(scores: np.ndarray, rows: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The `count` best, of equal scores the lowest row first."""
    order = np.lexsort((rows, -scores))[:count]
    return scores[order], rows[order]
