"""Normalised vectors: what is stored in an index and what is searched with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def normalise(vectors: np.ndarray) -> np.ndarray:
    """L2-normalise along the last axis; a zero vector stays zero.

    :param vectors: [..., D], any float dtype.
    :return: float32 [..., D].
    """
    vectors = vectors.astype(np.float32, copy=False)
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.maximum(norms, np.finfo(np.float32).tiny)


def head_query(contexts: np.ndarray, heads: Sequence[int] | None = None) -> np.ndarray:
    """The query for a search by heads: chosen head contexts normalised one by one, the others zero.

    Divided by the number of chosen heads, so that the inner product with a stored head embedding (every head
    normalised, Hoover et al. 2019, section 3.2) is the mean cosine over the chosen heads.

    :param contexts: [H, Dh], the head contexts of one piece.
    :param heads: chosen heads, all if None.
    :return: float32 [H * Dh].
    """
    chosen = list(range(len(contexts))) if heads is None else list(heads)
    query = np.zeros(contexts.shape, np.float32)
    query[chosen] = normalise(contexts[chosen]) / len(chosen)
    return query.reshape(-1)
