"""All layers at once: what the nearest corpus pieces have in common, layer after layer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np

from exbert_hub.analysis.histogram import histogram
from exbert_hub.index.format.types import Layer, LayerSummary

from .ranking import Found

WORDS = 5
"""Words named per layer."""

Nearest = Callable[[Layer], Found]


def summarise_layers(
    values: Callable[[str, np.ndarray], list[str]],
    layers: tuple[Layer, ...],
    nearest: Nearest,
    field: str,
    base_counts: Mapping[str, int],
) -> tuple[LayerSummary, ...]:
    """Labels and words of the nearest pieces at every layer. Only two columns of the table are read: the sentences and
    the attention that a search shows would take most of its time, and nobody looks at them here.

    :param values: a column of the tokens table at some rows, as text.
    :param nearest: rows of that table for a layer, best first.
    :param base_counts: how often each label occurs among the indexed pieces.
    """

    def summarise(layer: Layer) -> LayerSummary:
        _, rows, left_out, mode = nearest(layer)
        labels, words = (values(name, rows) for name in (field, "text"))
        # ties in the order of the alphabet, as in histograms
        top = sorted(Counter(words).items(), key=lambda item: (-item[1], item[0]))[:WORDS]
        return LayerSummary(layer, len(rows), histogram(labels, base_counts), tuple(top), left_out, mode)

    return tuple(summarise(layer) for layer in layers)
