"""Vectors that are like those of a language model, in any number: what millions of pieces cost can be measured without
running a model for days.

Measured on the embedded model over its corpus: the variances along the principal axes fall with about the power -1.1
of their rank, the mean has a length of 0.3, and a piece has about 50 neighbours of cosine 0.6. Here each vector is one
of `WORDS` centres, drawn with Zipf's law, and a deviation from it, both with such a spectrum, turned at random so that
no coordinate is a principal axis.
"""

from __future__ import annotations

import math

import numpy as np

WORDS = 20_000
_DECAY = 1.1  # of the variances: rank ** -_DECAY
_WITHIN = 0.4  # share of the variance that is not that of the centres
_MEAN = 0.3
_IN_CACHE = 2048  # vectors at once


class Vectors:
    """A source of unit vectors, the same for the same seed."""

    def __init__(self, dim: int, seed: int = 0) -> None:
        self.dim = dim
        rng = np.random.default_rng(seed)
        spectrum = np.arange(1, dim + 1) ** (-_DECAY / 2)
        spectrum /= np.linalg.norm(spectrum)
        turn = np.linalg.qr(rng.standard_normal((dim, dim)))[0]
        self._axes = (spectrum[:, None] * turn).astype(np.float32)
        mean = rng.standard_normal(dim)
        self._mean = (_MEAN * mean / np.linalg.norm(mean)).astype(np.float32)
        self._centres = rng.standard_normal((WORDS, dim), np.float32) * np.float32(np.sqrt(1 - _WITHIN))
        share = 1 / np.arange(1, WORDS + 1)
        self._share = share / share.sum()

    def draw(self, count: int, seed: int) -> np.ndarray:
        """float32 [count, dim], L2-normalised."""
        import torch  # whose random numbers come twice as fast as NumPy's

        words = torch.from_numpy(np.random.default_rng((seed, self.dim)).choice(WORDS, count, p=self._share))
        generator = torch.Generator().manual_seed(seed)
        centres, axes, mean = map(torch.from_numpy, (self._centres, self._axes, self._mean))
        vectors, noise = torch.empty(count, self.dim), torch.empty(_IN_CACHE, self.dim)
        for start in range(0, count, _IN_CACHE):
            block = vectors[start : start + _IN_CACHE]
            torch.randn(block.shape, generator=generator, out=noise[: len(block)])
            deviation = noise[: len(block)].mul_(math.sqrt(_WITHIN)).add_(centres[words[start : start + _IN_CACHE]])
            torch.mm(deviation, axes, out=block)
            block += mean
            block /= torch.linalg.vector_norm(block, dim=1, keepdim=True)
        return vectors.numpy()

    def queries(self, count: int) -> np.ndarray:
        """Vectors that are in no index."""
        return self.draw(count, seed=0)
