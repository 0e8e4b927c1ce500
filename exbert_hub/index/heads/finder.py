"""What an index can be asked about the heads of its model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from exbert_hub.analysis.subsets import halves
from exbert_hub.errors import LabelError, SelectionError, UnsupportedError
from exbert_hub.index.format.head_table import HeadScores, choose
from exbert_hub.index.format.tables import piece_counts
from exbert_hub.index.measure.head_counts import ATTENDED, DEPENDENCY, MOST_LABELS, Column, stack_of
from exbert_hub.index.search.ranking import check_model, choose_heads, choose_spec, word_at
from exbert_hub.model.selection import existing_heads

from .examples import HeadExample, StoredSentences, find_examples, measure_stored
from .page import HeadPage, HeadReading, ordered, read_head
from .subsets import (
    FoundHeads,
    HeadPath,
    OfMatch,
    SubsetSearch,
    Wanted,
    WantedOfMaxAttention,
    corrected,
    having,
    score_heads,
)

if TYPE_CHECKING:
    import datasets

    from exbert_hub.index.format.manifest import Manifest, VectorSpec
    from exbert_hub.index.format.types import Layer
    from exbert_hub.index.search.searcher import Searcher
    from exbert_hub.index.store.store import Store
    from exbert_hub.model import Inspection, Inspector

_PAGES_KEPT = 64


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
        table = self._measured
        if self._asks_for_attached(label, measure):
            table = pa.concat_tables([table, self._attached])
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

    def find_heads(
        self,
        seen: Inspection,
        token: str | int,
        label: str,
        field: str = "dep",
        of: OfMatch = "max_attention",
        layer: int | None = None,
        k: int = 50,
        exclude_query: bool = False,
        unique_sentences: bool = False,
    ) -> FoundHeads:
        """The smallest set of heads whose `k` nearest corpus pieces show a label most.

        `index.find_heads(seen, "escape", "dobj")` answers what the paper's authors clicked for (Hoover et al. 2019,
        section 4.2): by which heads do the words most like this one attend to direct objects? Chosen by greedy forward
        selection on one half of the corpus; the other half says whether it was luck.

        :param seen: what the index's own model computed, from `Inspector.inspect`.
        :param token: a word of the text, or the position of a piece.
        :param label: what is wanted, such as "dobj"; `field` is the label column.
        :param of: whether the matches should have it ("match"), or what they attend to most ("max_attention").
        :param layer: search the heads of this layer only; of all layers if None.
        :param k: nearest pieces looked at, in either half.
        :param exclude_query: and `unique_sentences`, as for `search`.
        :raises IndexMismatchError: if `seen` comes from another model.
        :raises LabelError: if no piece has the label.
        :raises SelectionError: if the index has no vectors of heads, or no attention where that is asked for.
        """
        check_model(self.manifest, seen.facts)
        if of not in ("match", "max_attention") or k < 1:
            raise SelectionError(f"of={of!r}, k={k}: choose 'match' or 'max_attention', and at least one match")
        if layer is not None:
            existing_heads(self.manifest.model.heads, layer, [0])
        position = seen.position_of(token)
        has, usable, held_back = self._pieces(field, label, seen.text if exclude_query else None, unique_sentences)
        paths = []
        for spec in self._head_specs(layer, of):
            self._store.use_vectors(self.tokens, spec)
            scores = score_heads(self.tokens, spec.name, seen.contexts[spec.layer][position])
            wanted = Wanted(has) if of == "match" else self._attending_to(has, spec.layer)
            paths.append(HeadPath(int(spec.layer), SubsetSearch(scores, usable, wanted, held_back, k).path()))
        paths = corrected(paths)
        paths.sort(key=lambda path: (-path.share, len(path.steps), path.layer))
        word, masked = word_at(seen, position), bool(seen.masked[position])
        return FoundHeads(word, masked, label, field, of, k, tuple(paths))

    def _head_specs(self, layer: int | None, of: OfMatch) -> list[VectorSpec]:
        if of == "max_attention":
            self._need_attention(layer)
        if layer is not None:
            return [choose_spec(self.manifest, "heads", layer)]
        stored = self.manifest.attention_layers
        specs = [spec for spec in self.manifest.vectors if spec.kind == "heads"]
        found = [spec for spec in specs if of == "match" or spec.layer in stored]
        return found or [choose_spec(self.manifest, "heads", 0)]  # which is then refused with the reason

    def _pieces(
        self, field: str, label: str, query: str | None, unique: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """bool [pieces] each: which have the label, which may be found, which are held back."""
        table = self.tokens.data.table
        if field not in self.manifest.labels and field not in self.manifest.added_labels:
            raise LabelError(f"the index has no label {field!r}")
        has = having(table, field, label)
        if not has.any():
            counts = sorted(self._searcher.base.match(field).items(), key=lambda item: -item[1])
            raise LabelError(f"no piece has {field} {label!r}; there are {', '.join(name for name, _ in counts[:60])}")
        texts = self.sentences.data.table.column("text").to_pylist()
        sentence, position = (table.column(name).to_numpy() for name in ("sentence", "position"))
        usable = np.ones(len(has), bool)
        if query is not None:
            usable &= np.array([text.strip() != query.strip() for text in texts])[sentence]
        if unique:
            numbers: dict[str, int] = {}
            same = np.array([numbers.setdefault(text, len(numbers)) for text in texts])[sentence]
            first = np.zeros(len(has), bool)
            first[np.unique(np.stack([same, position]), axis=1, return_index=True)[1]] = True
            usable &= first
        return has, usable, halves(texts)[sentence]

    def _attending_to(self, has: np.ndarray, layer: Layer) -> WantedOfMaxAttention:
        sentence, position = (self.tokens.data.table.column(name).to_numpy() for name in ("sentence", "position"))
        return WantedOfMaxAttention(has, sentence, position, self._searcher.attention(layer))

    def head(self, layer: int, head: int, *, inspector: Inspector | None = None) -> HeadPage:
        """All there is to say about one head; docs/head_page.md explains every number.

        :param inspector: the model of the index, which the induction score takes: it is run on random sequences.
        :raises SelectionError: for a head without stored attention.
        :raises IndexMismatchError: if the inspector has another model.
        """
        choose_heads(self.manifest, layer, [head])
        self._need_attention(layer)
        induction, no_induction = None, "it takes the model: index.head(layer, head, inspector=inspector)"
        if inspector is not None:
            from .induction import induction_scores

            check_model(self.manifest, inspector.facts)
            try:
                induction, no_induction = float(induction_scores(inspector)[layer][head]), ""
            except UnsupportedError as error:
                no_induction = str(error)
        added = [f"{ATTENDED}{name}" for name in self.manifest.added_labels if self._values(name)]
        measured = [self.heads(measure=measure, layer=layer) for measure in (None, *added)]
        return HeadPage(
            **vars(self._reading(layer, head)),
            layer=layer,
            head=head,
            stack=stack_of(self.manifest.model),
            scores=ordered([score for scores in measured for score in scores if score.head == head]),
            induction=induction,
            no_induction=no_induction,
        )

    def head_columns(self) -> tuple[Column, ...]:
        """Everything that heads are measured by: each measure, label and direction that `heads` can be asked for.

        :raises SelectionError: if the index was built without attention.
        """
        rows = self._measured.group_by(list(Column._fields)).aggregate([]).to_pylist()
        added = [
            Column(f"{ATTENDED}{name}", label) for name in self.manifest.added_labels for label in self._values(name)
        ]
        return (*sorted(Column(**row) for row in rows), *added)

    @cached_property
    def _reading(self) -> Callable[[int, int], HeadReading]:
        """What the stored attention tells about a head; that of a few heads is kept."""

        def read(layer: int, head: int) -> HeadReading:
            return read_head(self.tokens, self.sentences, self._searcher.attention(layer), head)

        return lru_cache(maxsize=_PAGES_KEPT)(read)

    def _values(self, name: str) -> list[str]:
        """The labels of an attached column; none if there are too many to measure heads by."""
        values = sorted(filter(None, pc.unique(self.tokens.data.table.column(name)).to_pylist()))
        return values if len(values) <= MOST_LABELS else []

    @cached_property
    def _measured(self) -> pa.Table:
        """The table that the build wrote; if it wrote none, made from the stored attention."""
        found = self._store.heads()
        return self._measured_afterwards if found is None else found

    def _asks_for_attached(self, label: str | None, measure: str | None) -> bool:
        """Whether only labels that were attached later can answer; measuring them reads all of the attention."""
        if not self.manifest.added_labels or self._store.heads() is None:
            return False
        if measure is not None:
            return measure not in pc.unique(self._measured.column("measure")).to_pylist()
        return label is not None and label not in pc.unique(self._measured.column("label")).to_pylist()

    @cached_property
    def _attached(self) -> pa.Table:
        """The rows of attached labels."""
        added = pa.array([f"{ATTENDED}{name}" for name in self.manifest.added_labels])
        measured = self._measured_afterwards
        return measured.filter(pc.is_in(measured.column("measure").cast(pa.string()), value_set=added))

    def _forget_heads(self) -> None:
        """Drop what was worked out from tables that are replaced now."""
        for name in ("_reading", "_measured", "_measured_afterwards", "_attached", "_stored_sentences"):
            vars(self).pop(name, None)

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
