"""Attention: how it is coded, summed, thinned out and read. Mirrored in `app/static/maths/` for the browser."""

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
    roots = np.multiply(codes, CODE_STEP, dtype=np.float32)  # a table of the 256 values takes four times as long
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


def strongest(attention: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """The position that each candidate attends to most, among the candidates; the lowest position wins ties.

    :param attention: [N, N], aggregated over the chosen heads (sum or mean: the argmax is the same).
    :param candidates: int [n], sorted positions of the pieces that count (no special tokens, no pieces without word).
    :return: int [n], for each candidate an index INTO `candidates`.
    """
    return attention[np.ix_(candidates, candidates)].argmax(1)


def strongest_where(attention: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """What `strongest` finds, for sentences of the same number of pieces at once.

    :param attention: [..., N, N].
    :param counts: bool [..., N], the candidates.
    :return: int [..., N], for each piece a position; 0 where nothing counts.
    """
    return (attention + np.where(counts, np.float32(0), np.float32(-np.inf))[..., None, :]).argmax(-1)


def strongest_of(out: np.ndarray, candidates: np.ndarray) -> int:
    """The position that one piece attends to most, among the candidates; the lowest position wins ties.

    :param out: [N], its attention, aggregated over the chosen heads.
    :param candidates: int [n], as for `strongest`.
    """
    return int(candidates[out[candidates].argmax()])
