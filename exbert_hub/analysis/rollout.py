"""Attention followed through the layers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def rollout(attention: Sequence[np.ndarray]) -> np.ndarray:
    """How much of each input piece reaches each piece of each layer, if attention were all there is.

    Abnar & Zuidema 2020 ("Quantifying Attention Flow in Transformers", section 3): a residual connection is half of
    what a layer passes on, `A_l = 0.5 W_l + 0.5 I` with its rows normalised to 1, and `rollout_l = A_l rollout_{l-1}`.

    :param attention: per layer [N, N], mean over the heads.
    :return: float32 [L, N, N]; rows sum to 1.
    """
    reached = np.eye(len(attention[0]))
    layers = []
    for weights in attention:
        mixed = 0.5 * weights + 0.5 * np.eye(len(weights))
        reached = mixed / mixed.sum(1, keepdims=True) @ reached
        layers.append(reached.astype(np.float32))
    return np.stack(layers)
