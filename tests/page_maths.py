"""What the page computes of attention in JavaScript, in NumPy: the definitions that it is tested against."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def top_edges(attention: np.ndarray, share: float, visible: np.ndarray) -> np.ndarray:
    """Which edges the top-% slider leaves: per row the strongest, until their sum reaches `share` of the visible row.

    The edge that crosses the threshold is kept. Hidden rows and columns keep nothing.

    :param attention: [N, N], aggregated.
    :param share: 0 to 1.
    :param visible: bool [N].
    :return: bool [N, N].
    """
    shown = np.where(visible[None, :] & visible[:, None], attention, 0.0)
    order = np.argsort(-shown, axis=1, kind="stable")
    ranked = np.take_along_axis(shown, order, 1)
    before = np.cumsum(ranked, axis=1) - ranked
    keep = (before < share * ranked.sum(1, keepdims=True)) & (ranked > 0)
    edges = np.zeros_like(keep)
    np.put_along_axis(edges, order, keep, 1)
    return edges


def head_matrices(attention: np.ndarray, visible: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean attention out of and into each visible piece, per head, over the visible pieces.

    :param attention: [H, N, N].
    :param visible: bool [N].
    :return: out [N, H] and into [N, H]; rows of hidden pieces are 0.
    """
    count = max(int(visible.sum()), 1)
    shown = attention * (visible[None, None, :] & visible[None, :, None])
    return shown.sum(2).T / count, shown.sum(1).T / count


def merge_words(attention: np.ndarray, rows: Sequence[int], cols: Sequence[int]) -> np.ndarray:
    """Attention between words: TO a word is the sum over its pieces, FROM a word the mean over its pieces, so that
    what goes out of a word still sums to 1 (Clark et al. 2019, section 4.1).

    :param attention: [..., N, M].
    :param rows: [N], never falling: the word of each piece that attends, counted from 0; likewise `cols` [M].
    :return: [..., words of rows, words of cols].
    """

    def starts(words: Sequence[int]) -> np.ndarray:
        return np.flatnonzero(np.diff(words, prepend=-1))

    received = np.add.reduceat(attention, starts(cols), -1)
    return np.add.reduceat(received, starts(rows), -2) / np.bincount(rows)[:, None]
