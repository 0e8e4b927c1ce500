"""The pattern of one head: what can be said about it from its attention alone, without annotation.

Definitions follow HeadVis (Luger, Kamath et al. 2026, "Visualizing Attention Heads"), so that numbers can be set
beside those of other tools. All pieces count here, special tokens included.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .heads import entropy

DISTANCE_EDGES = (0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
"""Distances |q - k| are counted in bins from one edge up to, but not including, the next."""


class Pattern(NamedTuple):
    """Means over the pieces that attend."""

    self_attention: float  # to themselves
    previous: float  # to the piece just before; over the pieces that have one
    entropy: float  # in nats
    distance: float  # mean |q - k|, weighted by attention
    distance_variance: float


class PatternSums:
    """Sums over sentences, for H heads at once."""

    def __init__(self, heads: int) -> None:
        self._sums = np.zeros((len(Pattern._fields), heads))
        self._rows = self._steps = 0

    def add(self, attention: np.ndarray) -> None:
        """
        :param attention: one sentence, [H, N, N].
        """
        size = attention.shape[-1]
        distance = distances(size)
        self._sums += (
            np.trace(attention, axis1=1, axis2=2),
            np.trace(attention, offset=-1, axis1=1, axis2=2),
            entropy(attention).sum(-1),
            (attention * distance).sum((1, 2)),
            (attention * distance**2).sum((1, 2)),
        )
        self._rows += size
        self._steps += max(0, size - 1)

    def means(self) -> tuple[Pattern, ...]:
        """One pattern per head; zeros where nothing was added."""
        counts = np.array([self._rows, self._steps, *[self._rows] * 3])
        means = self._sums / np.maximum(counts, 1)[:, None]
        means[4] -= means[3] ** 2
        return tuple(Pattern(*column) for column in means.T.tolist())


def distances(size: int) -> np.ndarray:
    """int [N, N]: |q - k|."""
    return np.abs(np.arange(size)[:, None] - np.arange(size))


def distance_histogram(attention: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Attention by distance: to pieces before (or the piece itself), and to pieces behind.

    :param attention: [N, N].
    :return: two of float64 [len(DISTANCE_EDGES) - 1], which together sum to the whole attention.
    """
    bins = np.searchsorted(DISTANCE_EDGES, distances(len(attention)), "right") - 1
    whole = np.bincount(bins.ravel(), attention.ravel(), len(DISTANCE_EDGES) - 1)
    behind = np.bincount(bins.ravel(), np.triu(attention, 1).ravel(), len(DISTANCE_EDGES) - 1)
    return whole - behind, behind


def induction(attention: np.ndarray, ids: np.ndarray, special: np.ndarray, threshold: float = 0) -> np.ndarray:
    """Attention to what came after the same piece earlier on: per head the sum over the pieces that occurred before
    (Olsson et al. 2022, "In-context Learning and Induction Heads", as HeadVis counts it).

    :param attention: [H, N, N].
    :param ids: int [N], of the pieces.
    :param special: bool [N]; special tokens neither repeat anything nor are repeated.
    :param threshold: attention below counts as none.
    :return: [H]; `repeated` says over how many pieces.
    """
    earlier = _earlier(ids, special)
    after = np.zeros_like(earlier)
    after[:, 1:] = earlier[:, :-1] & ~special[1:]
    return np.where(after & (attention >= threshold), attention, 0).sum((1, 2))


def repeated(ids: np.ndarray, special: np.ndarray) -> int:
    """Number of pieces that occurred before."""
    return int(_earlier(ids, special).any(1).sum())


def _earlier(ids: np.ndarray, special: np.ndarray) -> np.ndarray:
    """bool [N, N]: whether the column's piece is the same as the row's, and before it."""
    plain = ~special
    return np.tril(ids[:, None] == ids, -1) & plain[:, None] & plain


def strength(attention: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """The largest attention between two of the candidates: how clearly heads do in a sentence whatever they do.

    :param attention: [H, N, N].
    :param candidates: int [n], positions; the very first piece of a text is left out, where attention goes that is
        not needed elsewhere.
    :return: [H], 0 without candidates.
    """
    chosen = candidates[candidates > 0]
    if not len(chosen):
        return np.zeros(len(attention), attention.dtype)
    return attention[:, chosen[:, None], chosen].max((1, 2))


def strongest_pair(attention: np.ndarray, candidates: np.ndarray) -> tuple[int, int] | None:
    """Where the largest attention of `strength` is: the piece that attends and the one attended to, the lowest of
    equals; None without candidates.

    :param attention: [N, N], of one head.
    :param candidates: int [n], as for `strength`.
    """
    chosen = candidates[candidates > 0]
    if not len(chosen):
        return None
    source, target = divmod(int(attention[np.ix_(chosen, chosen)].argmax()), len(chosen))
    return int(chosen[source]), int(chosen[target])


def buckets(strengths: np.ndarray, count: int) -> list[np.ndarray]:
    """Equal parts of the sentences from the weakest to the strongest; fewer sentences than parts leave some empty.

    :param strengths: [n].
    :return: for each part the places in `strengths`, weakest first.
    """
    return np.array_split(np.argsort(strengths, kind="stable"), count)


def even(count: int, most: int) -> np.ndarray:
    """int [min(count, most)]: numbers below `count`, spread evenly."""
    return np.arange(min(count, most)) * count // max(1, min(count, most))
