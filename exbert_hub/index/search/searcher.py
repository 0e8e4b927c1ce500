"""The parts of an opened index that a search needs: vectors, tables, stored attention and base rates."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from exbert_hub.index.format.manifest import VectorSpec
from exbert_hub.index.format.tables import piece_counts
from exbert_hub.index.format.types import Layer
from exbert_hub.index.results.types import Match
from exbert_hub.index.store.attention_files import Readers
from exbert_hub.index.store.background import SEARCHING
from exbert_hub.index.store.base_rates import BaseRates
from exbert_hub.index.store.coarse import uses_coarse
from exbert_hub.index.store.store import Store
from exbert_hub.index.store.vectors import read_vectors

from .describe import MatchRow, describe_rows, label_matches
from .filter import Place
from .head_columns import HeadColumnCache, HeadColumns
from .query import Query, VectorQuery
from .ranking import IndexRanking, NearestRows, nearest_rows

if TYPE_CHECKING:
    import datasets


_AT_ONCE = 4  # searches whose attention is read at once; the threads stay: starting one takes half a millisecond


class Searcher:
    """Finds and describes corpus pieces.

    `attention(layer)` opens the stored attention of a layer, `base` counts labels over the whole index.
    """

    def __init__(self, store: Store, tokens: datasets.Dataset, sentences: datasets.Dataset) -> None:
        self._store, self._tokens, self._sentences = store, tokens, sentences
        self._places = tokens.data.select(["sentence", "position"])  # rows of all columns lie in many more pages
        lengths = piece_counts(sentences.data.table)
        self.attention = Readers(lambda layer: store.attention(layer, lengths))
        self._columns = HeadColumnCache(store.manifest.codec)
        self._beside = ThreadPoolExecutor(_AT_ONCE, "exbert-attention")
        self.base = BaseRates(tokens, self.attention)

    def prepare(self, layer: Layer) -> None:
        """Say that matches will be described at this layer."""
        if layer in self._store.manifest.attention_layers:
            self.attention.begin(layer)

    def nearest(self, query: VectorQuery) -> NearestRows:
        """The nearest pieces, best first, and why nearer ones were left out."""
        manifest, spec, heads = self._store.manifest, query.spec, query.heads
        self._store.use_vectors(self._tokens, spec)
        index = self._tokens.get_index(spec.name).faiss_index
        all_heads = 0 if spec.kind == "embedding" or spec.layer == "emb" else manifest.model.heads[spec.layer]
        if len(heads) >= all_heads:
            coarse = self._store.coarse(spec) if uses_coarse(manifest, spec, query.exact) else None
            return self._rank(IndexRanking(index, spec.name, query.vector, coarse), query)
        columns = HeadColumns(self._store.folder / spec.file, manifest.pieces, spec.dim, all_heads, heads)
        if (copied := self._columns.get(columns)) is not None:
            vector = query.vector.reshape(all_heads, -1)[list(heads)].ravel()
            return self._rank(IndexRanking(copied, spec.name, vector), query)
        nearest = self._rank(IndexRanking(index, spec.name, query.vector), query)
        self._columns.begin(columns)
        return nearest

    def _rank(self, ranking: IndexRanking, query: VectorQuery) -> NearestRows:
        with SEARCHING:
            return nearest_rows(ranking, len(self._tokens), query, self.places)

    def verify(self) -> None:
        """Wait until every file that was used is known to be the one that the manifest names.

        :raises IndexFormatError: if one is not.
        """
        self._store.verifier.wait()

    def vectors(self, spec: VectorSpec, rows: np.ndarray) -> np.ndarray:
        """The stored vectors of the rows: float32 [n, dim]."""
        self._store.use_vectors(self._tokens, spec)
        return read_vectors(self._tokens, spec.name, rows)

    def places(self, rows: np.ndarray) -> list[Place]:
        """Where the rows stand."""
        sentences, positions = gather(self._places, rows).to_pydict().values()
        texts = gather(self._sentences.data, sentences).column("text").to_pylist()
        return list(map(Place, sentences, positions, texts))

    def values(self, column: str, rows: np.ndarray) -> list[str]:
        """A column of the tokens table at the rows, as text."""
        return gather(self._tokens.data.select([column]), rows).column(column).cast(pa.string()).to_pylist()

    def describe(self, scores: np.ndarray, rows: np.ndarray, query: Query) -> tuple[Match, ...]:
        """Everything there is to show about the rows."""
        numbers, positions = gather(self._places, rows).to_pydict().values()
        match_rows = list(map(MatchRow, scores.tolist(), rows.tolist(), numbers, positions))
        manifest = self._store.manifest
        with SEARCHING:
            lines = None
            if query.layer in manifest.attention_layers:
                # Python is free for the sentences while Arrow reads the attention
                reader, places = self.attention(query.layer), list(zip(numbers, positions, strict=True))
                lines = self._beside.submit(reader.around, places, query.heads)
            sentences = gather(self._sentences.data, numbers)
            matches = describe_rows(match_rows, sentences, manifest.labels, lines)
        added = manifest.added_labels
        return label_matches(matches, self._tokens.data.table, added) if added else matches


def gather(table: datasets.table.Table, rows: Sequence[int] | np.ndarray) -> pa.Table:
    """Some rows. Arrow's own `take` would first copy a whole column into one piece."""
    return table.fast_gather(rows) if len(rows) else table.table.slice(0, 0)
