"""What an index can be asked about the heads of its model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import LabelError, SelectionError
from .head_counts import ATTENDED, DEPENDENCY
from .head_stored import HeadExample, StoredSentences, find_examples, measure_stored
from .head_table import HeadScores, choose
from .search import choose_heads
from .tables import piece_counts

if TYPE_CHECKING:
    import datasets

    from .manifest import Manifest
    from .searcher import Searcher
    from .store import Store


class HeadFinder(ABC):
    """The part of `CorpusIndex` that is about heads."""

    _store: Store
    _searcher: Searcher
    tokens: datasets.Dataset
    sentences: datasets.Dataset

    @property
    @abstractmethod
    def manifest(self) -> Manifest:
        """What the index says about itself."""

    def heads(
        self,
        label: str | None = None,
        measure: str | None = None,
        direction: str | None = None,
        layer: int | None = None,
    ) -> HeadScores:
        """What the heads do over the whole corpus, the best first; docs/heads.md says what is measured and how.

        `index.heads("dobj")` are the heads that attend from a direct object to its verb or from the verb to it,
        `index.heads("-1", "offset")` those that attend to the previous piece, `index.heads().best()` the best head for
        each label and each of the other measures.

        :param label: a dependency label, a POS, an entity label, an offset, ….
        :param measure: "dependency", "offset", "special", "self", "same_lemma", "same_pos", "punctuation",
            "earlier_name", "entropy", or "attended_" and the name of a label column.
        :param direction: "to_head" or "to_dependant", of dependencies.
        :param layer: of this layer only.
        :raises LabelError: if nothing of that name was measured; the message lists what was.
        :raises SelectionError: if the index was built without attention.
        """
        added = {f"{ATTENDED}{name}" for name in self.manifest.added_labels}
        table = self._measured_afterwards if measure in added else self._measured
        return choose(table, self.manifest.model.heads, label, measure, direction, layer)

    def head_examples(
        self, layer: int, head: int, measure: str, label: str = "", direction: str = "", k: int = 3
    ) -> tuple[HeadExample, ...]:
        """The most telling sentences of a head: where it gives most attention to what the measure is about.

        :param measure: and `label` and `direction`, as a `HeadScore` has them.
        :param k: number of sentences at most.
        :raises SelectionError: for a head without stored attention, or a measure that has no examples.
        """
        choose_heads(self.manifest, layer, [head])
        self._need_attention(layer)
        candidates = self._sentences_with(measure, label)
        reader = self._searcher.attention(layer)
        return find_examples(self._stored_sentences, reader, head, measure, label, direction, candidates, k)

    @cached_property
    def _measured(self) -> pa.Table:
        """The table that the build wrote; if it wrote none, made from the stored attention."""
        found = self._store.heads()
        return self._measured_afterwards if found is None else found

    @cached_property
    def _measured_afterwards(self) -> pa.Table:
        self._need_attention(None)
        readers = {layer: self._searcher.attention(layer) for layer in self.manifest.attention_layers}
        lengths = piece_counts(self.sentences.data.table)
        return measure_stored(self._stored_sentences, readers, lengths, self.manifest)

    @cached_property
    def _stored_sentences(self) -> StoredSentences:
        return StoredSentences(self.tokens, self.sentences, self.manifest)

    def _need_attention(self, layer: int | None) -> None:
        stored = self.manifest.attention_layers
        if not stored or layer not in (None, *stored):
            where = "the index" if layer is None else f"layer {layer}"
            raise SelectionError(
                f"{where} was built without attention, which is what heads are measured by: build it again with "
                "attention=True (without --no-attention)"
            )

    def _sentences_with(self, measure: str, label: str) -> np.ndarray:
        """Rows of the sentences that have a word with the label; all of them where the measure has no such label."""
        column = "dep" if measure == DEPENDENCY else measure.removeprefix(ATTENDED)
        if column == measure:
            return np.arange(len(self.sentences))
        if column not in self.tokens.column_names:
            raise LabelError(f"the index has no label {column!r}")
        has = pc.equal(self.tokens.data.table.column(column).cast(pa.string()), label).to_numpy()
        return np.unique(self.tokens.data.table.column("sentence").to_numpy()[has])
