"""All layers at once: what the nearest corpus pieces have in common, layer after layer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from ..analysis.histogram import histogram
from .types import Layer, LayerSummary

if TYPE_CHECKING:
    import datasets

WORDS = 5
"""Words named per layer."""

Nearest = Callable[[Layer], tuple[np.ndarray, Mapping[str, int]]]


def summarise_layers(
    tokens: datasets.Dataset,
    layers: tuple[Layer, ...],
    nearest: Nearest,
    field: str,
    base_counts: Mapping[str, int],
) -> tuple[LayerSummary, ...]:
    """Labels and words of the nearest pieces at every layer. Only two columns of the table are read: the sentences and
    the attention that a search shows would take most of its time, and nobody looks at them here.

    :param nearest: rows of `tokens` for a layer, best first, and why nearer ones were left out.
    :param base_counts: how often each label occurs among the indexed pieces.
    """

    def summarise(layer: Layer) -> LayerSummary:
        rows, left_out = nearest(layer)
        labels, words = (_values(tokens, name, rows) for name in (field, "text"))
        # ties in the order of the alphabet, as in histograms
        top = sorted(Counter(words).items(), key=lambda item: (-item[1], item[0]))[:WORDS]
        return LayerSummary(layer, len(rows), histogram(labels, base_counts), tuple(top), left_out)

    return tuple(summarise(layer) for layer in layers)


def _values(tokens: datasets.Dataset, column: str, rows: np.ndarray) -> list[str]:
    return tokens.data.table.column(column).take(pa.array(rows)).cast(pa.string()).to_pylist()
