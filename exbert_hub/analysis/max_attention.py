"""The max-attention token of a piece: the one that it attends to most (Hoover et al. 2019, section 3.2).

This is the one place that says which pieces may be it and which of equals it is; the page shows what was found here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor


class WordPieces(Protocol):
    """Pieces that have a word, n of them, in whatever form they are stored."""

    @property
    def positions(self) -> np.ndarray:
        """int [n]: where each stands in its sentence."""

    def label(self, name: str) -> np.ndarray:
        """str [n]: a label of the word of each, such as its "pos"."""


def candidates(pieces: WordPieces) -> np.ndarray:
    """Which of the pieces that have a word may be the max-attention token of a piece: all of them.

    What else is to be left out, be it punctuation or the first piece of a text, is left out here. Matches, base rates,
    the subset finder, examples of heads and the offsets that are measured all follow; measures between words choose
    among the `others` of `analysis.heads`. Special tokens and pieces without a word never come here: they have no
    label that could be counted.

    :return: bool [n].
    """
    return np.ones(len(pieces.positions), bool)


def candidate_mask(pieces: WordPieces, places: np.ndarray, size: int) -> np.ndarray:
    """`candidates` among more pieces than those that have a word.

    :param places: int [n], of the pieces among all.
    :return: bool [size].
    """
    mask = np.zeros(size, bool)
    mask[places] = candidates(pieces)
    return mask


def max_attention(attention: np.ndarray, candidates: np.ndarray | None = None) -> np.ndarray:
    """The position that each piece attends to most, among the candidates; the lowest position wins ties.

    :param attention: [..., N], a row for each piece that attends, aggregated over the chosen heads (sum or mean: the
        maximum stays where it is).
    :param candidates: bool, broadcast against `attention`: [N] for one sentence, [B, 1, N] for several of the same
        number of pieces; every position if None.
    :return: int [...], -1 where there is no candidate.
    """
    if not attention.shape[-1]:
        return np.full(attention.shape[:-1], -1)
    if candidates is None:
        return attention.argmax(-1)
    # added, which takes 0.16 ms for [16, 128, 128], where `np.where` over all of it takes 0.25
    hidden = np.where(candidates, np.float32(0), np.float32(-np.inf))
    return np.where(candidates.any(-1), (attention + hidden).argmax(-1), -1)


def max_attention_batch(attention: Tensor, candidates: Tensor, out: Tensor) -> Tensor:
    """`max_attention` of padded sentences and several heads at once, in PyTorch.

    :param attention: float32 [B, H, T, T].
    :param candidates: bool [B, T].
    :param out: to work in, of the shape of `attention`.
    :return: int64 [B, H, T]; any position where there is no candidate.
    """
    import torch

    hidden = 2.0 * ~candidates[:, None, None]  # attention is no more than 1
    return first_argmax(torch.sub(attention, hidden, out=out))


def first_argmax(values: Tensor) -> Tensor:
    """The first maximum along the last axis: int64 [...].

    On a CPU by NumPy, whose `argmax` took 0.6, 0.6 and 4.2 ms where that of PyTorch 2.13 took 1.1, 3.0 and 13 ms
    (float32 [32, 12, 32, 32], [8, 12, 128, 128] and [2, 12, 512, 512], one thread, NumPy 2.4).
    """
    import torch

    return torch.from_numpy(values.numpy().argmax(-1)) if values.device.type == "cpu" else values.argmax(-1)
