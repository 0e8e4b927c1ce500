"""Attention: how it is coded and summed. The browser does the same in JavaScript."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

CODE_STEP = 1 / 255
"""Quantisation step of the square root of a stored attention value."""


def encode_sqrt(attention: np.ndarray) -> np.ndarray:
    """Attention in [0, 1] as uint8 codes of its square root.

    The square root spends the 256 codes where softmax rows have their mass: at 512 pieces it keeps ~100 % of a row,
    where a linear code keeps 79-91 %.
    """
    return np.rint(np.sqrt(np.clip(attention, 0, 1)) * 255).astype(np.uint8)


def decode_sqrt(codes: np.ndarray) -> np.ndarray:
    """The inverse of `encode_sqrt`: float32, off by at most `sqrt(a) / 255` plus a second-order term."""
    # 0.06 ms for [12, 128, 128]; looked up in a table of the 256 values, 0.19 ms
    roots = np.multiply(codes, CODE_STEP, dtype=np.float32)
    return np.square(roots, out=roots)


def coarsen(codes: np.ndarray, step: int = 5, precise: int = 4) -> np.ndarray:
    """Codes of `encode_sqrt` with fewer levels, for an entropy coder to spend fewer bits on.

    Each is rounded to a multiple of `step`, but for what may be the strongest of its row: the `precise` largest of one
    and everything within `step` of them stay. So the strongest piece of a head stays the same, whichever few others
    (special tokens) are left out, and the largest values, which are what one sees, are as exact as before.

    :param codes: uint8 [..., N, N].
    """
    rank = max(codes.shape[-1] - precise, 0)
    threshold = np.partition(codes, rank, axis=-1)[..., rank, None].astype(np.int16) - step
    rounded = np.minimum(np.rint(np.arange(256) / step) * step, 255).astype(np.uint8)
    return np.where(codes > np.maximum(threshold, 0), codes, rounded[codes])


def encode_signed(difference: np.ndarray) -> np.ndarray:
    """A difference of attention, in [-1, 1], as int8: `127 sign(d) sqrt(|d|)`."""
    return np.rint(127 * np.sign(difference) * np.sqrt(np.clip(np.abs(difference), 0, 1))).astype(np.int8)


def aggregate(attention: np.ndarray, heads: Sequence[int]) -> np.ndarray:
    """Sum over the chosen heads, never renormalised (Hoover et al. 2019, section 3.1).

    :param attention: [H, N, M].
    :return: [N, M].
    """
    return attention[list(heads)].sum(0)


def word_attention(attention: np.ndarray, words: np.ndarray, count: int) -> np.ndarray:
    """Attention between words: the sum over the pieces attended to, the mean over the pieces attending (Clark et al.
    2019, section 4.1).

    :param attention: [..., N, N].
    :param words: int [N], the word of each piece, -1 for none, which is left out.
    :param count: W, the number of words.
    :return: [..., W, W]; rows and columns of a word without pieces are 0.
    """
    belongs = (words == np.arange(count)[:, None]).astype(attention.dtype)
    attending = belongs / np.maximum(belongs.sum(1, keepdims=True), 1)
    return attending @ attention @ belongs.T


def thumbnail(codes: np.ndarray, rows: Sequence[int], cols: Sequence[int], size: int) -> np.ndarray:
    """Attention of some pieces on a small square. Where pieces share a cell the largest value stays: a thin line,
    which is what makes a head, is never lost.

    :param codes: [H, N, M].
    :param rows: pieces to show, at least one; likewise `cols`.
    :param size: cells on a side at most.
    :return: [H, min(size, len(rows)), min(size, len(cols))].
    """

    def starts(count: int) -> np.ndarray:
        cells = min(size, count)
        return -(-np.arange(cells) * count // cells)  # piece i lies in cell i * cells // count

    shown = codes[:, list(rows)][:, :, list(cols)]
    return np.maximum.reduceat(np.maximum.reduceat(shown, starts(len(rows)), 1), starts(len(cols)), 2)
