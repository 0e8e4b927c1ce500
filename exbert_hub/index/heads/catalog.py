"""Questions about the heads of an index's model."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from exbert_hub.errors import LabelError, UnsupportedError
from exbert_hub.index.format.head_schema import ATTENDED, DEPENDENCY, MOST_LABELS, Column, stack_of
from exbert_hub.index.format.head_table import HeadFilter, HeadScores, choose
from exbert_hub.index.format.tables import piece_counts
from exbert_hub.index.search.selection import check_model, choose_heads

from .attention_needed import need_attention
from .examples import ExampleSource, HeadExample, StoredSentences, find_examples, measure_stored
from .finder import SubsetFinder
from .page import HeadPage, HeadReading, HeadSource, ordered, read_head

if TYPE_CHECKING:
    from exbert_hub.index.search.stored_index import StoredIndex
    from exbert_hub.model import Inspector

_PAGES_KEPT = 64


class HeadCatalog:
    """What the heads of an index's model do over its corpus: scores, examples, pages, subsets."""

    def __init__(self, index: StoredIndex) -> None:
        self._store, self._searcher = index.store, index.searcher
        self._tokens, self._sentences = index.tokens, index.sentences
        self._manifest = index.manifest
        self.find = SubsetFinder(index)  # the fewest heads that find a label for a token

    def scores(self, wanted: HeadFilter) -> HeadScores:
        """What the heads do over the whole corpus, the best first; see `CorpusIndex.heads`."""
        table = self._measured
        if self._asks_for_attached(wanted):
            table = pa.concat_tables([table, self._attached])
        return choose(table, self._manifest.model.heads, wanted)

    def examples(self, layer: int, head: int, column: Column, k: int = 3) -> tuple[HeadExample, ...]:
        """The most telling sentences of a head; see `CorpusIndex.head_examples`."""
        choose_heads(self._manifest, layer, [head])
        need_attention(self._manifest, layer)
        rows = self._sentences_with(column)
        source = ExampleSource(self._stored_sentences, self._searcher.attention(layer), head, rows)
        return find_examples(source, column, k)

    def page(self, layer: int, head: int, *, inspector: Inspector | None = None) -> HeadPage:
        """All there is to say about one head; see `CorpusIndex.head`."""
        choose_heads(self._manifest, layer, [head])
        need_attention(self._manifest, layer)
        induction, no_induction = None, "it needs the model: index.head(layer, head, inspector=inspector)"
        if inspector is not None:
            from .induction import induction_scores

            check_model(self._manifest, inspector.model_info)
            try:
                induction, no_induction = float(induction_scores(inspector)[layer][head]), ""
            except UnsupportedError as error:
                no_induction = str(error)
        added = [f"{ATTENDED}{name}" for name in self._manifest.added_labels if self._values(name)]
        measured = [self.scores(HeadFilter(measure=measure, layer=layer)) for measure in (None, *added)]
        return HeadPage(
            **vars(self._reading(layer, head)),
            layer=layer,
            head=head,
            stack=stack_of(self._manifest.model),
            scores=ordered([score for scores in measured for score in scores if score.head == head]),
            induction=induction,
            no_induction=no_induction,
        )

    def columns(self) -> tuple[Column, ...]:
        """Everything that heads are measured by; see `CorpusIndex.head_columns`."""
        rows = self._measured.group_by(list(Column._fields)).aggregate([]).to_pylist()
        added = [
            Column(f"{ATTENDED}{name}", label) for name in self._manifest.added_labels for label in self._values(name)
        ]
        return (*sorted(Column(**row) for row in rows), *added)

    @cached_property
    def _reading(self) -> Callable[[int, int], HeadReading]:
        """What the stored attention tells about a head; that of a few heads is kept."""

        def read(layer: int, head: int) -> HeadReading:
            return read_head(HeadSource(self._tokens, self._sentences, self._searcher.attention(layer), head))

        return lru_cache(maxsize=_PAGES_KEPT)(read)

    def _values(self, name: str) -> list[str]:
        """The labels of an attached column; none if there are too many to measure heads by."""
        values = sorted(filter(None, pc.unique(self._tokens.data.table.column(name)).to_pylist()))
        return values if len(values) <= MOST_LABELS else []

    @cached_property
    def _measured(self) -> pa.Table:
        """The table that the build wrote; if it wrote none, made from the stored attention."""
        stored = self._store.heads()
        return self._measured_afterwards if stored is None else stored

    def _asks_for_attached(self, wanted: HeadFilter) -> bool:
        """Whether only labels that were attached later can answer; measuring them reads all of the attention."""
        if not self._manifest.added_labels or self._store.heads() is None:
            return False
        label, measure = wanted.label, wanted.measure
        if measure is not None:
            return measure not in pc.unique(self._measured.column("measure")).to_pylist()
        return label is not None and label not in pc.unique(self._measured.column("label")).to_pylist()

    @cached_property
    def _attached(self) -> pa.Table:
        """The rows of attached labels."""
        added = pa.array([f"{ATTENDED}{name}" for name in self._manifest.added_labels])
        measured = self._measured_afterwards
        return measured.filter(pc.is_in(measured.column("measure").cast(pa.string()), value_set=added))

    @cached_property
    def _measured_afterwards(self) -> pa.Table:
        need_attention(self._manifest, None)
        readers = {layer: self._searcher.attention(layer) for layer in self._manifest.attention_layers}
        lengths = piece_counts(self._sentences.data.table)
        return measure_stored(self._stored_sentences, readers, lengths, self._manifest)

    @cached_property
    def _stored_sentences(self) -> StoredSentences:
        return StoredSentences(self._tokens, self._sentences, self._manifest)

    def _sentences_with(self, wanted: Column) -> np.ndarray:
        """Rows of the sentences that have a word with the label; all of them where the measure has no such label."""
        column = "dep" if wanted.measure == DEPENDENCY else wanted.measure.removeprefix(ATTENDED)
        if column == wanted.measure:
            return np.arange(len(self._sentences))
        if column not in self._tokens.column_names:
            raise LabelError(f"the index has no label {column!r}")
        has = pc.equal(self._tokens.data.table.column(column).cast(pa.string()), wanted.label).to_numpy()
        return np.unique(self._tokens.data.table.column("sentence").to_numpy()[has])
