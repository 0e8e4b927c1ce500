"""The subset finder over a whole index: the fewest heads that find a label for one token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from exbert_hub.analysis.subsets import halves
from exbert_hub.errors import LabelError, SelectionError
from exbert_hub.index.search.query import word_at
from exbert_hub.index.search.selection import check_model, choose_spec
from exbert_hub.index.search.stored_index import StoredIndex
from exbert_hub.index.store.token_rows import TokenRows
from exbert_hub.model.selection import existing_heads

from .attention_needed import need_attention
from .subsets import (
    FoundHeads,
    HeadPath,
    OfMatch,
    SubsetRequest,
    SubsetSearch,
    Wanted,
    WantedOfMaxAttention,
    corrected,
    having,
    score_heads,
)

if TYPE_CHECKING:
    from exbert_hub.index.format.manifest import VectorSpec
    from exbert_hub.index.format.types import Layer
    from exbert_hub.model import Inspection


class SubsetFinder:
    """Finds, in every layer of an index, the few heads whose nearest pieces show a label most."""

    def __init__(self, index: StoredIndex) -> None:
        self._store, self._searcher = index.store, index.searcher
        self._tokens, self._sentences = index.tokens, index.sentences
        self._manifest = index.manifest

    def __call__(self, seen: Inspection, token: str | int, wanted: SubsetRequest) -> FoundHeads:
        """See `CorpusIndex.find_heads`."""
        check_model(self._manifest, seen.model_info)
        of, layer, k = wanted.of, wanted.layer, wanted.k
        if of not in ("match", "max_attention") or k < 1:
            raise SelectionError(f"of={of!r}, k={k}: choose 'match' or 'max_attention', and at least one match")
        if layer is not None:
            existing_heads(self._manifest.model.heads, layer, [0])
        position = seen.position_of(token)
        has, usable, held_back = self._pieces(wanted, seen.text)
        paths = []
        for spec in self._head_specs(layer, of):
            self._store.use_vectors(self._tokens, spec)
            scores = score_heads(self._tokens, spec.name, seen.contexts[spec.layer][position])
            target = Wanted(has) if of == "match" else self._attending_to(has, spec.layer)
            paths.append(HeadPath(int(spec.layer), SubsetSearch(scores, usable, target, held_back, k).path()))
        paths = corrected(paths)
        paths.sort(key=lambda path: (-path.share, len(path.steps), path.layer))
        word, masked = word_at(seen, position), bool(seen.masked[position])
        return FoundHeads(word, masked, wanted.label, wanted.field, of, k, tuple(paths))

    def _head_specs(self, layer: int | None, of: OfMatch) -> list[VectorSpec]:
        if of == "max_attention":
            need_attention(self._manifest, layer)
        if layer is not None:
            return [choose_spec(self._manifest, "heads", layer)]
        stored = self._manifest.attention_layers
        specs = [spec for spec in self._manifest.vectors if spec.kind == "heads"]
        usable = [spec for spec in specs if of == "match" or spec.layer in stored]
        return usable or [choose_spec(self._manifest, "heads", 0)]  # which is then refused with the reason

    def _pieces(self, wanted: SubsetRequest, query: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """bool [pieces] each: which have the label, which may be found, which are held back.

        :param query: the text that is searched from.
        """
        field, label = wanted.field, wanted.label
        table = self._tokens.data.table
        if field not in self._manifest.all_labels:
            raise LabelError(f"the index has no label {field!r}")
        has = having(table, field, label)
        if not has.any():
            counts = sorted(self._searcher.base.match(field).items(), key=lambda item: -item[1])
            raise LabelError(f"no piece has {field} {label!r}; there are {', '.join(name for name, _ in counts[:60])}")
        texts = self._sentences.data.table.column("text").to_pylist()
        sentence, position = (table.column(name).to_numpy() for name in ("sentence", "position"))
        usable = np.ones(len(has), bool)
        if wanted.exclude_query:
            usable &= np.array([text.strip() != query.strip() for text in texts])[sentence]
        if wanted.unique_sentences:
            numbers: dict[str, int] = {}
            same = np.array([numbers.setdefault(text, len(numbers)) for text in texts])[sentence]
            first = np.zeros(len(has), bool)
            first[np.unique(np.stack([same, position]), axis=1, return_index=True)[1]] = True
            usable &= first
        return has, usable, halves(texts)[sentence]

    def _attending_to(self, has: np.ndarray, layer: Layer) -> WantedOfMaxAttention:
        return WantedOfMaxAttention(has, TokenRows(self._tokens.data.table), self._searcher.attention(layer))
