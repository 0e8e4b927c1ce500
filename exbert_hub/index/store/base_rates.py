"""Base rates: how often a label occurs in the population that a histogram is set against."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from exbert_hub.analysis.histogram import Population, Vocabulary
from exbert_hub.analysis.max_attention import candidate_mask, max_attention

from .attention_files import AttentionReader
from .token_rows import TokenRows

if TYPE_CHECKING:
    import datasets


_ROWS_BYTES = 64 * 1024**2  # kept of which tokens are attended to; 150 kB for each choice of heads at 37,000 pieces
_FEWEST = 8  # choices of heads that are kept whatever they take


class BaseRates:
    """Counts over the whole index, computed when first needed and kept.

    :param tokens: the tokens table, in the order of sentences and positions.
    :param attention: opens the stored attention of a layer.
    """

    def __init__(self, tokens: datasets.Dataset, attention: Callable[[int], AttentionReader]) -> None:
        self._rows, self._open = TokenRows(tokens.data.table), attention
        self.match = lru_cache(maxsize=None)(self._match)
        self.next = lru_cache(maxsize=None)(self._next)
        self.max_attention = lru_cache(maxsize=256)(self._max_attention)
        self.offset = lru_cache(maxsize=256)(self._offset)
        kept = max(_FEWEST, _ROWS_BYTES // (4 * max(1, len(tokens))))
        self._rows_attended = lru_cache(maxsize=kept)(self._attended_rows)
        self._coded = lru_cache(maxsize=None)(self._encode)

    def _match(self, label: str) -> Population:
        """Over all indexed pieces."""
        return _count(self._rows.table.column(label))

    def _next(self, label: str) -> Population:
        """Over the indexed pieces that directly follow an indexed piece of their sentence."""
        follows = (np.diff(self._rows.sentences) == 0) & (np.diff(self._rows.positions) == 1)
        return self._at(label, np.flatnonzero(follows) + 1)

    def _max_attention(self, label: str, layer: int, heads: tuple[int, ...]) -> Population:
        """Over the max-attention tokens of all indexed pieces, at this layer and these heads."""
        return self._at(label, self._rows_attended(layer, heads))

    def _offset(self, layer: int, heads: tuple[int, ...]) -> Population:
        """Offsets of the max-attention tokens of all indexed pieces, at this layer and these heads."""
        attended, positions = self._rows_attended(layer, heads), self._rows.positions
        has_one = attended >= 0
        values, counts = np.unique(positions[attended[has_one]] - positions[has_one], return_counts=True)
        return Population(Vocabulary(list(map(str, values.tolist()))), counts)

    def _attended_rows(self, layer: int, heads: tuple[int, ...]) -> np.ndarray:
        """For every row of `tokens` the row of its max-attention token, -1 for none: int32 [pieces]."""
        reader, rows = self._open(layer), self._rows
        first = np.cumsum(reader.lengths) - reader.lengths  # of each sentence, among all pieces there are
        place = first[rows.sentences] + rows.positions
        row = np.full(int(reader.lengths.sum()), -1, np.int32)  # of these pieces, -1 for those that are not indexed
        row[place] = np.arange(len(place), dtype=np.int32)
        candidate = candidate_mask(rows, place, len(row))
        attended = np.empty_like(row)
        for sentences, attention in reader.alike(heads):
            places = first[sentences, None] + np.arange(attention.shape[-1])
            best = max_attention(attention, candidate[places][:, None])
            attended[places] = np.where(best >= 0, np.take_along_axis(row[places], best, 1), -1)
        return attended[place]

    def _at(self, label: str, rows: np.ndarray) -> Population:
        """How often each label occurs at these rows, those below 0 left out."""
        vocabulary, codes = self._coded(label)
        return Population(vocabulary, np.bincount(codes[rows[rows >= 0]], minlength=len(vocabulary.names)))

    def _encode(self, label: str) -> tuple[Vocabulary, np.ndarray]:
        """A column as its values, and for each row which of them it has: int32 [pieces]."""
        column = self._rows.table.column(label).cast(pa.string()).combine_chunks().dictionary_encode()
        return Vocabulary(column.dictionary.to_pylist()), column.indices.to_numpy()


def _count(column: pa.ChunkedArray) -> Population:
    counts = column.cast(pa.string()).value_counts()
    return Population(Vocabulary(counts.field("values").to_pylist()), counts.field("counts").to_numpy())
