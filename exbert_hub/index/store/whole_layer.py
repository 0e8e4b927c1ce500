"""A layer's stored attention in memory, as counts over the whole corpus want it: a few large arrays."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np


class Alike(NamedTuple):
    """Sentences of the same number of pieces."""

    numbers: np.ndarray  # int [n], which they are
    codes: np.ndarray  # uint8 [H, n, N, N]


def alike(numbers: np.ndarray, codes: list[np.ndarray]) -> Iterable[Alike]:
    """Put sentences of the same number of pieces together.

    :param numbers: int [n], which they are.
    :param codes: uint8 [H, N, N] of each.
    """
    lengths = np.array([len(one[0]) for one in codes])
    for pieces in np.unique(lengths):
        same = np.flatnonzero(lengths == pieces)
        yield Alike(numbers[same], np.stack([codes[number] for number in same.tolist()], 1))


class WholeLayer:
    """All sentences of a layer.

    :param parts: that have every sentence once.
    """

    def __init__(self, parts: Iterable[Alike]) -> None:
        self.parts = tuple(parts)
        places = [(part, place) for part in self.parts for place in range(len(part.numbers))]
        order = np.argsort(np.concatenate([part.numbers for part in self.parts] or [np.zeros(0, int)]))
        self._places = [places[place] for place in order.tolist()]

    def codes(self, sentence: int) -> np.ndarray:
        """uint8 [H, N, N]."""
        part, place = self._places[sentence]
        return part.codes[:, place]
