"""The two Parquet tables of an index: `tokens`, a row per indexed piece, and `sentences`, a row per window."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..corpus.types import WORD_LABELS, Word
from ..errors import BuildError, IndexFormatError
from .windows import Window

POSITIONS = ("piece_id", "sentence", "position", "word")
"""Columns of `tokens` that are numbers, not labels."""


def label_columns(extra: Sequence[str]) -> tuple[str, ...]:
    """Label columns of `tokens`, in order, given the further columns of an annotated corpus."""
    taken = {"piece", *WORD_LABELS, *POSITIONS}
    clash = sorted(taken.intersection(extra))
    if clash:
        raise BuildError(f"the corpus has a column {clash[0]!r}, a name that the index needs itself: rename it")
    return ("piece", *WORD_LABELS, *extra)


def tokens_schema(extra: Sequence[str]) -> pa.Schema:
    kinds = {name: pa.int32() for name in POSITIONS} | {"is_entity": pa.bool_()}
    names = ("piece", *POSITIONS, *label_columns(extra)[1:])
    return pa.schema([(name, kinds.get(name, pa.string())) for name in names])


def sentences_schema(extra: Sequence[str]) -> pa.Schema:
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
    return pa.schema([("text", pa.string()), ("words", pa.list_(word)), ("pieces", pa.list_(piece))])


def tokens_table(windows: Sequence[Window], extra: Sequence[str], first_sentence: int) -> pa.Table:
    """Rows in the order of sentences and of pieces within: the order of the vectors."""
    schema = tokens_schema(extra)
    columns: dict[str, list[object]] = {name: [] for name in schema.names}
    for number, window in enumerate(windows, first_sentence):
        for position in window.indexed.nonzero()[0]:
            index = int(window.word_of_piece[position])
            word = window.sentence.words[index]
            columns["piece"].append(window.tokens.pieces[position])
            columns["piece_id"].append(int(window.tokens.ids[position]))
            columns["sentence"].append(number)
            columns["position"].append(int(position))
            columns["word"].append(index)
            for name in WORD_LABELS:
                columns[name].append(getattr(word, name))
            for name in extra:
                columns[name].append(word.extra.get(name, ""))
    return pa.table(columns, schema=schema)


def sentences_table(windows: Sequence[Window], extra: Sequence[str]) -> pa.Table:
    rows = [
        {
            "text": window.sentence.text,
            "words": [
                word._asdict() | {name: word.extra.get(name, "") for name in extra} for word in window.sentence.words
            ],
            "pieces": [
                {
                    "piece": piece,
                    "piece_id": int(window.tokens.ids[position]),
                    "start": int(window.tokens.offsets[position][0]),
                    "end": int(window.tokens.offsets[position][1]),
                    "word": int(window.word_of_piece[position]),
                    "special": bool(window.tokens.special[position]),
                }
                for position, piece in enumerate(window.tokens.pieces)
            ],
        }
        for window in windows
    ]
    return pa.Table.from_pylist(rows, schema=sentences_schema(extra))


def piece_counts(sentences: pa.Table) -> np.ndarray:
    """int64 [sentences]: pieces of each sentence, special tokens counted."""
    return pc.list_value_length(sentences.column("pieces")).to_numpy().astype(np.int64)


def check_tables(tokens: pa.Table, sentences: pa.Table, folder: Path) -> None:
    """See that every number in the tables leads to something: sentence, position and word of each row.

    :raises IndexFormatError: if one does not.
    """

    def require(condition: object, what: str) -> None:
        if not condition:
            raise IndexFormatError(f"{folder}: the tables contradict each other: {what}")

    require(not any(tokens.column(name).null_count for name in tokens.column_names), "a token lacks a value")
    require(not any(sentences.column(name).null_count for name in sentences.column_names), "a sentence lacks a value")
    sentence, position, word = (tokens.column(name).to_numpy() for name in ("sentence", "position", "word"))
    pieces, words = (sentences.column(name).combine_chunks() for name in ("pieces", "words"))
    first = np.concatenate([[0], np.cumsum(piece_counts(sentences))])
    most = pc.list_value_length(words).to_numpy()
    require((sentence >= 0).all() and (sentence < len(sentences)).all(), "a token of no sentence")
    require((position >= 0).all() and (position < np.diff(first)[sentence]).all(), "a token outside its sentence")
    row = first[sentence] + position
    require((np.diff(row) > 0).all(), "tokens out of order")
    inner, spoken = pc.list_flatten(pieces), pc.list_flatten(words)
    require(not _has_nulls(inner) and not _has_nulls(spoken), "a piece or a word lacks a value")
    of_piece = inner.field("word").to_numpy()
    belongs = np.repeat(most, np.diff(first))
    require((of_piece >= -1).all() and (of_piece < belongs).all(), "a piece of a word that is not there")
    indexed = np.flatnonzero(of_piece >= 0)
    require(np.array_equal(indexed, row) and np.array_equal(of_piece[row], word), "tokens and pieces disagree")


def _has_nulls(structs: pa.StructArray) -> bool:
    return bool(structs.null_count or any(structs.field(n).null_count for n in range(structs.type.num_fields)))
