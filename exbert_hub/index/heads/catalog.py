"""Questions about the heads of an index's model."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from exbert_hub.analysis.subsets import halves
from exbert_hub.errors import LabelError, SelectionError, UnsupportedError
from exbert_hub.index.format.head_schema import ATTENDED, DEPENDENCY, MOST_LABELS, Column, stack_of
from exbert_hub.index.format.head_table import HeadFilter, HeadScores, choose
from exbert_hub.index.format.tables import piece_counts
from exbert_hub.index.search.query import word_at
from exbert_hub.index.search.selection import check_model, choose_heads, choose_spec
from exbert_hub.index.store.token_rows import TokenRows
from exbert_hub.model.selection import existing_heads

from .examples import ExampleSource, HeadExample, StoredSentences, find_examples, measure_stored
from .page import HeadPage, HeadReading, HeadSource, ordered, read_head
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
    from exbert_hub.index.search.stored_index import StoredIndex
    from exbert_hub.model import Inspection, Inspector

_PAGES_KEPT = 64


class HeadCatalog:
    """What the heads of an index's model do over its corpus: scores, examples, pages, subsets."""

    def __init__(self, index: StoredIndex) -> None:
        self._store, self._searcher = index.store, index.searcher
        self._tokens, self._sentences = index.tokens, index.sentences
        self._manifest = index.manifest

    def scores(self, wanted: HeadFilter) -> HeadScores:
        """What the heads do over the whole corpus, the best first; see `CorpusIndex.heads`."""
        table = self._measured
        if self._asks_for_attached(wanted):
            table = pa.concat_tables([table, self._attached])
        return choose(table, self._manifest.model.heads, wanted)

    def examples(self, layer: int, head: int, column: Column, k: int = 3) -> tuple[HeadExample, ...]:
        """The most telling sentences of a head; see `CorpusIndex.head_examples`."""
        choose_heads(self._manifest, layer, [head])
        self._need_attention(layer)
        rows = self._sentences_with(column)
        source = ExampleSource(self._stored_sentences, self._searcher.attention(layer), head, rows)
        return find_examples(source, column, k)

    def find(self, seen: Inspection, token: str | int, wanted: SubsetRequest) -> FoundHeads:
        """The fewest heads that find a label for a token; see `CorpusIndex.find_heads`."""
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
            self._need_attention(layer)
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

    def page(self, layer: int, head: int, *, inspector: Inspector | None = None) -> HeadPage:
        """All there is to say about one head; see `CorpusIndex.head`."""
        choose_heads(self._manifest, layer, [head])
        self._need_attention(layer)
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
        self._need_attention(None)
        readers = {layer: self._searcher.attention(layer) for layer in self._manifest.attention_layers}
        lengths = piece_counts(self._sentences.data.table)
        return measure_stored(self._stored_sentences, readers, lengths, self._manifest)

    @cached_property
    def _stored_sentences(self) -> StoredSentences:
        return StoredSentences(self._tokens, self._sentences, self._manifest)

    def _need_attention(self, layer: int | None) -> None:
        stored = self._manifest.attention_layers
        if not stored or layer not in (None, *stored):
            where = "the index" if layer is None else f"layer {layer}"
            raise SelectionError(
                f"{where} was built without attention, which heads are measured by: build it again with "
                "attention=True (without --no-attention)"
            )

    def _sentences_with(self, wanted: Column) -> np.ndarray:
        """Rows of the sentences that have a word with the label; all of them where the measure has no such label."""
        column = "dep" if wanted.measure == DEPENDENCY else wanted.measure.removeprefix(ATTENDED)
        if column == wanted.measure:
            return np.arange(len(self._sentences))
        if column not in self._tokens.column_names:
            raise LabelError(f"the index has no label {column!r}")
        has = pc.equal(self._tokens.data.table.column(column).cast(pa.string()), wanted.label).to_numpy()
        return np.unique(self._tokens.data.table.column("sentence").to_numpy()[has])
