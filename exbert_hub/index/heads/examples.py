"""Heads of a finished index, from its tables and its stored attention: measured afterwards, or shown by example."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from exbert_hub.analysis.attention import word_attention
from exbert_hub.analysis.heads import RELATIONS, AnnotatedPieces, attended_words, relation
from exbert_hub.analysis.max_attention import max_attention
from exbert_hub.errors import SelectionError
from exbert_hub.index.format.head_schema import ATTENDED, DEPENDENCY, TO_HEAD, Column, stack_of
from exbert_hub.index.format.manifest import Manifest
from exbert_hub.index.measure.head_counts import heads_table
from exbert_hub.index.store.attention_files import AttentionReader

if TYPE_CHECKING:
    import datasets

logger = logging.getLogger(__name__)

_PAIRS_AT_ONCE = 1 << 17  # pieces times pieces of a batch
_SENTENCES_READ = 1000  # for examples: spread evenly over those that could be one


class StoredSentences:
    """The sentences of an index as measures of heads need them.

    :param tokens: with the attached labels, if any.
    """

    def __init__(self, tokens: datasets.Dataset, sentences: datasets.Dataset, manifest: Manifest) -> None:
        self._sentences = sentences.data.table
        self._causal = manifest.model.kind == "causal"
        self._extra = manifest.corpus.extra_labels
        self._added = {name: tokens.data.table.column(name) for name in manifest.added_labels}
        self._sentence, self._word = (tokens.data.table.column(name).to_numpy() for name in ("sentence", "word"))

    def __len__(self) -> int:
        return self._sentences.num_rows

    def text(self, sentence: int) -> str:
        return self._sentences.column("text")[sentence].as_py()

    def spans(self, sentence: int, kind: str) -> list[tuple[int, int]]:
        """Characters of its "words" or "pieces"."""
        return [(part["start"], part["end"]) for part in self._sentences.column(kind)[sentence].as_py()]

    def get(self, sentence: int) -> AnnotatedPieces:
        words = self._sentences.column("words")[sentence].values
        pieces = self._sentences.column("pieces")[sentence].values

        def column(name: str) -> tuple[str, ...]:
            return tuple(words.field(name).to_pylist())

        labels = {name: column(name) for name in ("pos", "ent_type", *self._extra)}
        labels |= {name: self._attached(values, sentence, len(words)) for name, values in self._added.items()}
        return AnnotatedPieces(
            word_of_piece=pieces.field("word").to_numpy(),
            special=pieces.field("special").to_numpy(zero_copy_only=False),
            head=words.field("head").to_numpy().astype(np.int64),
            dep=column("dep"),
            lemma=column("lemma"),
            pos=labels["pos"],
            labels=labels,
            causal=self._causal,
        )

    def _attached(self, values: pa.ChunkedArray, sentence: int, words: int) -> tuple[str, ...]:
        first, last = np.searchsorted(self._sentence, [sentence, sentence + 1])
        labels = [""] * words
        for word, label in zip(self._word[first:last], values.slice(first, last - first).to_pylist(), strict=True):
            labels[word] = label
        return tuple(labels)


def measure_stored(
    sentences: StoredSentences, readers: dict[int, AttentionReader], lengths: np.ndarray, manifest: Manifest
) -> pa.Table:
    """What a build writes into `heads.parquet`, from attention that was stored in 256 levels.

    :param readers: stored attention by layer.
    """
    import torch

    from exbert_hub.index.measure.head_meter import HeadMeter
    from exbert_hub.index.measure.scratch import ScratchMemory

    logger.info("Measuring the heads from the stored attention of %s sentences", f"{len(sentences):,}")
    meter = HeadMeter([sentences.get(number) for number in range(len(sentences))])
    rows, scratch = {layer: iter(reader) for layer, reader in readers.items()}, ScratchMemory()

    def padded(layer: int, numbers: Sequence[int]) -> torch.Tensor:
        longest = int(lengths[list(numbers)].max())
        weights = torch.zeros(len(numbers), manifest.model.heads[layer], longest, longest)
        for row, number in enumerate(numbers):
            size = int(lengths[number])
            weights[row, :, :size, :size] = torch.from_numpy(next(rows[layer]))
        return weights

    for numbers in _batches(lengths):
        meter.add(meter.measure(numbers, ((layer, padded(layer, numbers)) for layer in readers), scratch))
    return heads_table(meter.counts, stack_of(manifest.model))


def _batches(lengths: np.ndarray) -> Iterator[list[int]]:
    """Sentences in their order, as many as make a batch."""
    batch: list[int] = []
    for number, length in enumerate(lengths.tolist()):
        if batch and (len(batch) + 1) * max(length, int(lengths[batch].max())) ** 2 > _PAIRS_AT_ONCE:
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch


@dataclass(frozen=True)
class HeadExample:
    """One place in the corpus where a head does what a measure says."""

    sentence: int  # row of `index.sentences`
    text: str
    source: tuple[int, int]  # characters of the word, or piece, that attends
    target: tuple[int, int] | None  # of what it attends to most; None for a special token
    attention: float  # what it gives there

    @property
    def words(self) -> tuple[str, str | None]:
        """What attends, and what is attended to."""
        start, end = self.source
        return self.text[start:end], self.text[slice(*self.target)] if self.target else None


@dataclass(frozen=True, eq=False)
class ExampleSource:
    """Where examples of one head are looked for."""

    sentences: StoredSentences
    reader: AttentionReader  # of the layer
    head: int
    rows: np.ndarray  # int, of the sentences that could show it


def find_examples(source: ExampleSource, column: Column, k: int) -> tuple[HeadExample, ...]:
    """The sentences where the head gives most attention to what the measure is about, each text once.

    A thousand of the sentences that could show it, spread evenly, are read.

    :raises SelectionError: for an unknown measure.
    """
    find = _finder(column)
    sentences, rows = source.sentences, source.rows
    some = rows[:: max(1, -(-len(rows) // _SENTENCES_READ))]
    strongest: list[tuple[float, int, int, int]] = []
    for number in some.tolist():
        weights, fits = find(sentences.get(number), source.reader.of_heads(number, [source.head]))
        if fits.any():
            attending, attended = divmod(int(np.where(fits, weights, -1).argmax()), fits.shape[1])
            strongest.append((-float(weights[attending, attended]), number, attending, attended))
    examples: dict[str, HeadExample] = {}
    for weight, number, attending, attended in sorted(strongest):
        if len(examples) == k:
            break
        text = sentences.text(number)
        spans = sentences.spans(number, "pieces" if column.measure in _OF_PIECES else "words")
        target = None if column.measure == "special" else spans[attended]
        examples.setdefault(text, HeadExample(number, text, spans[attending], target, -weight))
    return tuple(examples.values())


Maxima = tuple[np.ndarray, np.ndarray]
"""Weights [N, N] between pieces or words, and which of them are maxima of the kind that is looked for."""

_OF_PIECES = ("offset", "self", "special", "entropy")


def _finder(column: Column) -> Callable[[AnnotatedPieces, np.ndarray], Maxima]:
    measure, label = column.measure, column.label

    def between_words(sentence: AnnotatedPieces, attention: np.ndarray) -> Maxima:
        weights = word_attention(attention.astype(np.float64), sentence.word_of_piece, len(sentence.head))
        attended = attended_words(weights, sentence)[0]
        most = attended[:, None] == np.arange(len(attended))
        return weights[0], most & _wanted(sentence, column)

    def between_pieces(sentence: AnnotatedPieces, attention: np.ndarray) -> Maxima:
        weights, indexed = attention[0], sentence.word_of_piece >= 0
        targets = sentence.special if measure == "special" else sentence.candidates
        attended = max_attention(weights, targets)
        most = attended[:, None] == np.arange(len(attended))
        offset = np.arange(len(most)) - np.arange(len(most))[:, None]
        if measure in ("self", "offset"):
            most &= offset == (int(label) if measure == "offset" else 0)
        return weights, most & indexed[:, None] & targets

    if measure in _OF_PIECES:
        return between_pieces
    if measure == DEPENDENCY or measure in RELATIONS or measure.startswith(ATTENDED):
        return between_words
    raise SelectionError(f"there are no examples of {measure!r}")


def _wanted(sentence: AnnotatedPieces, column: Column) -> np.ndarray:
    """bool [W, W]: which word should attend to which."""
    measure, label, direction = column
    if measure in RELATIONS:
        return relation(measure, sentence)
    if measure.startswith(ATTENDED):
        labels = sentence.labels[measure.removeprefix(ATTENDED)]
        return sentence.others & np.array([name == label for name in labels], bool)
    of_label = np.array([name == label for name in sentence.dep], bool)
    to_head = sentence.head[:, None] == np.arange(len(of_label))
    if direction == TO_HEAD:
        return to_head & (sentence.seen_heads & of_label)[:, None]
    return (to_head & (sentence.seen_dependants & of_label)[:, None]).T
