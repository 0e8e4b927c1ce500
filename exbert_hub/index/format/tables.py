"""The two Parquet tables of an index: `tokens`, a row per indexed piece, and `sentences`, a row per window."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from exbert_hub.corpus.types import WORD_LABELS, Word
from exbert_hub.errors import BuildError, IndexFormatError

from .result_columns import reserved_names
from .versions import TableColumn, TableFormat

if TYPE_CHECKING:
    import datasets

POSITIONS = ("piece_id", "sentence", "position", "word")
"""Columns of `tokens` that are numbers, not labels."""


def label_columns(extra: Sequence[str]) -> tuple[str, ...]:
    """Label columns of `tokens`, in order, given the further columns of an annotated corpus."""
    return ("piece", *WORD_LABELS, *extra)


def check_label_names(extra: Sequence[str]) -> None:
    """Refuse to build an index with these further columns of a corpus if one has the name of a column of ours.

    :raises BuildError: with the name.
    """
    taken = {"piece", *WORD_LABELS, *POSITIONS, *reserved_names(label_columns(extra))}
    clash = sorted(taken.intersection(extra))
    if clash:
        raise BuildError(f"the corpus has a column {clash[0]!r}, a name that the index needs itself: rename it")


def tokens_format(extra: Sequence[str]) -> TableFormat:
    kinds = {name: pa.int32() for name in POSITIONS} | {"is_entity": pa.bool_()}
    names = ("piece", *POSITIONS, *label_columns(extra)[1:])
    return TableFormat("a tokens table", tuple(TableColumn(name, kinds.get(name, pa.string())) for name in names))


def sentences_format(extra: Sequence[str]) -> TableFormat:
    kinds = {"start": pa.int32(), "end": pa.int32(), "head": pa.int32(), "is_entity": pa.bool_()}
    names = ("text", "start", "end", *(n for n in Word._fields if n not in ("text", "start", "end", "extra")), *extra)
    word = pa.struct([(name, kinds.get(name, pa.string())) for name in names])
    piece = pa.struct(
        [
            ("piece", pa.string()),
            ("piece_id", pa.int32()),
            ("start", pa.int32()),
            ("end", pa.int32()),
            ("word", pa.int32()),
            ("special", pa.bool_()),
        ]
    )
    columns = (
        TableColumn("text", pa.string()),
        TableColumn("words", pa.list_(word)),
        TableColumn("pieces", pa.list_(piece)),
    )
    return TableFormat("a sentences table", columns)


def piece_counts(sentences: pa.Table) -> np.ndarray:
    """int64 [sentences]: pieces of each sentence, special tokens counted."""
    return pc.list_value_length(sentences.column("pieces")).to_numpy().astype(np.int64)


def check_tables(tokens: datasets.Dataset, sentences: datasets.Dataset, folder: Path) -> None:
    """Check that every row of `tokens` is a piece of `sentences` that has a word, that none is missing, and that every
    piece and every token belongs to an existing word. Reads the tables once, one batch in memory at a time.

    :raises IndexFormatError: if they contradict each other.
    """

    def require(condition: object, problem: str) -> None:
        if not condition:
            raise IndexFormatError(f"{folder}: the tables contradict each other: {problem}")

    rows, first = _Rows(tokens, require), 0
    for batch in _batches(sentences):
        require(not any(column.null_count for column in batch.columns), "a sentence lacks a value")
        pieces, words = batch.column("pieces"), batch.column("words")
        inner, spoken = pieces.flatten(), words.flatten()
        require(not _has_nulls(inner) and not _has_nulls(spoken), "a piece or a word lacks a value")
        lengths, of_piece = pieces.value_lengths().to_numpy(), inner.field("word").to_numpy()
        belongs = np.repeat(words.value_lengths().to_numpy(), lengths)
        require((of_piece >= -1).all() and (of_piece < belongs).all(), "a piece of a word that does not exist")
        indexed = np.flatnonzero(of_piece >= 0)
        sentence = np.repeat(np.arange(first, first + len(batch)), lengths)[indexed]
        position = (np.arange(len(of_piece)) - np.repeat(np.cumsum(lengths) - lengths, lengths))[indexed]
        expected = np.stack([sentence, position, of_piece[indexed]])
        require(np.array_equal(rows.take(len(indexed)), expected), "tokens and pieces disagree")
        first += len(batch)
    require(rows.take(1).size == 0, "there are more tokens than pieces")


class _Rows:
    """Where the tokens say they are, in order."""

    def __init__(self, tokens: datasets.Dataset, require: Callable[[object, str], None]) -> None:
        self._batches, self._require = _batches(tokens), require
        self._read = np.empty((3, 0), np.int64)

    def take(self, count: int) -> np.ndarray:
        """Sentence, position and word of the next `count` rows: int64 [3, count], narrower at the end."""
        while self._read.shape[1] < count and (batch := next(self._batches, None)) is not None:
            self._require(not any(column.null_count for column in batch.columns), "a token lacks a value")
            columns = [batch.column(name).to_numpy() for name in ("sentence", "position", "word")]
            self._read = np.concatenate([self._read, np.stack(columns)], axis=1)
        taken, self._read = self._read[:, :count], self._read[:, count:]
        return taken


def _batches(table: datasets.Dataset) -> Iterator[pa.RecordBatch]:
    """The rows of a table as `datasets` keeps them, read and not mapped: mapped, they would stay resident."""
    for file in table.cache_files:
        with pa.OSFile(file["filename"]) as source, pa.ipc.open_stream(source) as batches:
            yield from batches


def _has_nulls(structs: pa.StructArray) -> bool:
    return bool(structs.null_count or any(structs.field(n).null_count for n in range(structs.type.num_fields)))
