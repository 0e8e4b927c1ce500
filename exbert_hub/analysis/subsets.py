"""The smallest set of heads that shows something most."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np


def forward_selection(count: int, value: Callable[[tuple[int, ...]], float]) -> list[tuple[int, float]]:
    """Greedy forward selection: to what was chosen the one is added that raises the value most, until none does.

    :param count: of what there is to choose from.
    :param value: of a set, in the order of choice; above 0 to be chosen at all.
    :return: what was added, in order (the lowest number wins ties), with the value from there on.
    """
    path: list[tuple[int, float]] = []
    best = 0.0
    while len(path) < count:
        chosen = tuple(added for added, _ in path)
        values = {one: value((*chosen, one)) for one in range(count) if one not in chosen}
        added = max(values, key=lambda one: (values[one], -one))
        if values[added] <= best:
            break
        best = values[added]
        path.append((added, best))
    return path


def highest(scores: np.ndarray, k: int) -> np.ndarray:
    """Indices of the `k` highest, best first, of equal ones the lowest first; of all, if there are fewer.

    :param scores: float [n].
    """
    if len(scores) > k:
        least = np.partition(scores, len(scores) - k)[len(scores) - k]
        enough = np.flatnonzero(scores >= least)
    else:
        enough = np.arange(len(scores))
    return enough[np.lexsort((enough, -scores[enough]))][:k]


def cosines_by_head(vectors: np.ndarray, query: np.ndarray) -> np.ndarray:
    """Cosine of each head's context with the query's: the mean over some columns is the score of a search by these.

    :param vectors: stored head embeddings, each head normalised, [n, H * Dh].
    :param query: head contexts of one piece, normalised, [H, Dh].
    :return: float32 [n, H].
    """
    heads, width = query.shape
    return np.einsum("nhd,hd->nh", vectors.reshape(-1, heads, width), query)


def halves(texts: Sequence[str]) -> np.ndarray:
    """bool [n]: the half of the sentences that is held back. Sentences of the same text stay together, so that what
    was learned from one is not tested on its copy; the split depends on the texts alone.
    """
    from zlib import crc32

    return np.array([crc32(text.strip().encode()) & 1 for text in texts], bool)
