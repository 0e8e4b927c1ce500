"""All layers at once: what the nearest corpus pieces have in common, layer after layer."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from exbert_hub.analysis.histogram import histogram
from exbert_hub.errors import LabelError
from exbert_hub.index.format.types import Layer
from exbert_hub.index.results.types import LayerProfile, LayerSummary

from .protocols import OpenedIndex
from .query import SearchRequest, VectorQuery, word_at
from .selection import last_layer

if TYPE_CHECKING:
    from exbert_hub.model import Inspection

WORDS = 5
"""Words named per layer."""


def profile(opened: OpenedIndex, seen: Inspection, position: int, field: str, request: SearchRequest) -> LayerProfile:
    """Labels and words of the nearest pieces at every layer that has vectors of the kind; see `CorpusIndex.profile`.

    Only two columns of the table are read: the sentences and the attention that a search shows would take most of the
    time, and are not needed here.

    :param request: its layer does not matter.
    """
    manifest, searcher = opened.manifest, opened.searcher
    if field not in manifest.all_labels:
        raise LabelError(f"the index has no label {field!r}; it has {', '.join(manifest.all_labels)}")
    by = request.by
    layers = [spec.layer for spec in manifest.vectors if spec.kind == by]
    heads = None if request.heads is None or by == "embedding" else tuple(sorted(set(request.heads)))
    request = replace(request, heads=heads)

    def summarise(layer: Layer) -> LayerSummary:
        query = VectorQuery.about(seen, position, manifest, replace(request, layer=layer))
        _, rows, left_out, mode = searcher.nearest(query)
        labels, words = (searcher.values(name, rows) for name in (field, "text"))
        # ties in the order of the alphabet, as in histograms
        top = sorted(Counter(words).items(), key=lambda item: (-item[1], item[0]))[:WORDS]
        bars = histogram(labels, searcher.base.match(field))
        return LayerSummary(layer, len(rows), bars, tuple(top), left_out, mode)

    summaries = tuple(map(summarise, layers or [last_layer(manifest, by)]))  # without any, that is refused with why
    return LayerProfile(word_at(seen, position), bool(seen.masked[position]), by, heads, field, summaries)
