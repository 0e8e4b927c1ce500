"""The labels of the pieces of a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from exbert_hub.analysis.max_attention import candidate_mask

Labels = tuple[str, ...]


class PieceLabels(Sequence[Mapping[str, str] | None]):
    """The labels of every piece of a sentence, put together when needed: a search shows three pieces of each.

    :param pieces: as the tokenizer names them.
    :param word: of each piece, -1 for none.
    :param names: of the labels of a word.
    :param words: the labels of the words of several sentences.
    :param first: where the words of this one begin.
    """

    def __init__(
        self, pieces: tuple[str, ...], word: np.ndarray, names: Labels, words: Sequence[Labels], first: int
    ) -> None:
        self._pieces, self._word, self._names, self._words, self._first = pieces, word, names, words, first

    def __len__(self) -> int:
        return len(self._pieces)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return tuple(self[number] for number in range(*index.indices(len(self))))
        word = int(self._word[index])
        return None if word < 0 else self._named((self._pieces[index], *self._words[self._first + word]))

    def __iter__(self) -> Iterator[Mapping[str, str] | None]:
        return (None if row is None else self._named(row) for row in self._rows())

    def rows(self, names: Labels) -> list[Labels | None]:
        """These labels of every piece, without repeating their names."""
        if names == self.names:
            return self._rows()
        places = [self.names.index(name) for name in names]
        return [None if row is None else tuple(row[place] for place in places) for row in self._rows()]

    @property
    def names(self) -> Labels:
        return ("piece", *self._names)

    @property
    def positions(self) -> np.ndarray:
        """int [n]: of the pieces that have labels, which are those that have a word."""
        return np.flatnonzero(self._word >= 0)

    def label(self, name: str) -> np.ndarray:
        """str [n]: one label of each of them."""
        return np.array([row[0] for row in self.rows((name,)) if row is not None], str)

    def candidates(self) -> np.ndarray:
        """bool [N]: the pieces that may be the max-attention token of others."""
        return candidate_mask(self, self.positions, len(self))

    def with_labels(self, names: Labels, added: Sequence[Labels]) -> PieceLabels:
        """More labels, or other ones of the same name.

        :param added: for each piece that has labels.
        """
        kept = tuple(name for name in self._names if name not in names)
        own = [row for row in self.rows(kept) if row is not None]
        words = [row + more for row, more in zip(own, added, strict=True)]
        word = np.full(len(self), -1)
        word[self.positions] = np.arange(len(words))
        return PieceLabels(self._pieces, word, kept + names, words, 0)

    def _rows(self) -> list[Labels | None]:
        words, first = self._words, self._first
        return [
            None if word < 0 else (piece, *words[first + word])
            for piece, word in zip(self._pieces, self._word.tolist(), strict=True)
        ]

    def _named(self, row: Labels) -> Mapping[str, str]:
        return dict(zip(self.names, row, strict=True))
