"""Searching: from what a model saw to the corpus pieces that look most like it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from exbert_hub.analysis.vectors import head_query, normalise
from exbert_hub.errors import IndexMismatchError, SelectionError
from exbert_hub.index.format.manifest import Manifest, VectorSpec
from exbert_hub.index.format.types import Kind, Layer, Mode
from exbert_hub.index.store.coarse import nearest_fast, pays_off
from exbert_hub.index.store.vectors import nearest
from exbert_hub.model.selection import existing_heads

if TYPE_CHECKING:
    import faiss

    from exbert_hub.model import Inspection
    from exbert_hub.model.types import ModelFacts


def check_model(manifest: Manifest, facts: ModelFacts) -> None:
    """Refuse a query from another model: its vectors would have neighbours too, and they would mean nothing.

    :raises IndexMismatchError: if weights or tokenizer differ, by fingerprint.
    """
    for name, theirs, ours in (
        ("weights", facts.weights_fingerprint, manifest.model.weights_fingerprint),
        ("tokenizer", facts.tokenizer_fingerprint, manifest.model.tokenizer_fingerprint),
    ):
        if theirs != ours:
            raise IndexMismatchError(
                f"this index was built with {manifest.model_id} (revision {manifest.model.revision}), whose {name} "
                f"differ from those of {facts.model_id} (revision {facts.revision}): load that model, or build an "
                f"index for this one."
            )


def choose_spec(manifest: Manifest, by: Kind, layer: Layer) -> VectorSpec:
    """The vectors to search in.

    :raises SelectionError: if the index has none of that kind at that layer.
    """
    for spec in manifest.vectors:
        if (spec.kind, spec.layer) == (by, layer):
            return spec
    there = [str(spec.layer) for spec in manifest.vectors if spec.kind == by]
    raise SelectionError(
        f"the index has no {by} vectors at layer {layer!r}; it has layers {', '.join(there)}"
        if there
        else f"the index has no {by} vectors (kinds: {', '.join(sorted({s.kind for s in manifest.vectors}))})"
    )


def choose_heads(manifest: Manifest, layer: Layer, heads: Sequence[int] | None) -> tuple[int, ...]:
    """Chosen heads, sorted; all of the layer if None, none for `emb` and for layers without attention.

    :raises SelectionError: for heads that the layer does not have, or an empty choice.
    """
    if heads is None:
        return () if layer == "emb" else tuple(range(manifest.model.heads[layer]))
    return existing_heads(manifest.model.heads, layer, heads)


def query_vector(seen: Inspection, position: int, spec: VectorSpec, heads: Sequence[int]) -> np.ndarray:
    """float32 [dim], such that the inner product with a stored vector is the (mean) cosine."""
    if spec.kind == "embedding":
        return normalise(seen.hidden[0 if spec.layer == "emb" else spec.layer + 1][position])
    return head_query(seen.contexts[spec.layer][position], heads)


def word_at(seen: Inspection, position: int) -> str:
    """The characters that the piece stands for; the piece itself where it stands for none."""
    text = (seen.text_pair or "") if seen.tokens.segments[position] else seen.text
    start, end = seen.tokens.offsets[position]
    return text[start:end].strip() or seen.pieces[position]


class Place(NamedTuple):
    """Where a corpus piece stands."""

    sentence: int
    position: int
    text: str  # of the sentence


class Filter(NamedTuple):
    """Leaves out the query's own sentence and repetitions of a sentence, and counts what it left out."""

    query: str | None
    unique: bool

    @property
    def active(self) -> bool:
        return self.query is not None or self.unique

    def __call__(self, places: Sequence[Place], k: int) -> tuple[list[int], Counter[str]]:
        """Which of the ranked places to keep, at most `k`, and what was left out before them."""
        kept: list[int] = []
        left_out: Counter[str] = Counter()
        seen: dict[tuple[str, int], int] = {}
        for number, (sentence, position, text) in enumerate(places):
            if len(kept) == k:
                break
            if self.query is not None and text.strip() == self.query.strip():
                left_out["query sentence"] += 1
            elif self.unique and seen.setdefault((text, position), sentence) != sentence:
                left_out["duplicate sentences"] += 1
            else:
                kept.append(number)
        return kept, left_out


class Ranking(Protocol):
    """Scores and rows of so many nearest pieces, best first, of equal scores the lowest row first."""

    mode: Mode  # how it did that the last time

    def __call__(self, count: int) -> tuple[np.ndarray, np.ndarray]: ...


class Found(NamedTuple):
    """The outcome of a search, before anything is looked up."""

    scores: np.ndarray  # float32, descending
    rows: np.ndarray  # int64
    left_out: Counter[str]  # why nearer rows were left out, and how many
    mode: Mode


def find(rank: Ranking, total: int, k: int, keep: Filter, places: Callable[[np.ndarray], Sequence[Place]]) -> Found:
    """The `k` nearest rows that the filter keeps.

    Asks for more whenever the filter leaves too few, so that `k` results come back if the corpus has them.

    :param total: rows that there are.
    :raises SelectionError: if `k` is not positive.
    """
    if k < 1:
        raise SelectionError(f"k={k}: ask for at least one match")
    fetch = min(2 * k if keep.active else k, total)
    while True:
        scores, rows = rank(fetch)
        if not keep.active:
            return Found(scores, rows, Counter(), rank.mode)
        kept, left_out = keep(places(rows), k)
        if len(kept) == k or fetch == total:
            return Found(scores[kept], rows[kept], left_out, rank.mode)
        fetch = min(4 * fetch, total)


class IndexRanking:
    """Ranks the vectors of one FAISS index.

    FAISS leaves open which of equal vectors it returns, and there are many of them: at the input embeddings, a piece
    at the same position always has the same one. Without a rule, an index in shards would answer otherwise than one
    in one piece.

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
            return first(*nearest_fast(self._index, self._coarse, self._query, count), count)
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
