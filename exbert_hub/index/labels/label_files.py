"""Labels that a user brings to an index, read from a sequence or a file into a column of texts per label."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from exbert_hub.errors import AnnotationError

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_KINDS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_integer, pa.types.is_boolean, pa.types.is_null)


class Brought(NamedTuple):
    """Labels for the indexed pieces."""

    table: pa.Table  # a row per indexed piece, a column of texts per label; "" for pieces that got none
    unused: int  # rows of the file for words that no indexed piece belongs to


def read_labels(
    source: str | os.PathLike[str], labels: Sequence[Any] | None, sentence: np.ndarray, word: np.ndarray
) -> Brought:
    """Labels from a file, or from a sequence of them under a name.

    :param source: a .tsv, .csv or Parquet file; the name of the label where `labels` are given.
    :param labels: one per indexed piece: texts, whole numbers, truth values, or None for no label.
    :param sentence, word: int [pieces], the columns of `tokens` that say which word a piece belongs to.
    :raises AnnotationError: if they cannot be read, or are not one per piece or word.
    """
    if labels is not None:
        return Brought(_per_piece({str(source): _texts(_array(labels), str(source))}, len(word), str(source)), 0)
    path = Path(source).expanduser()
    columns = _read(path)
    if {"sentence", "word"} <= columns.keys():
        return _per_word(columns, sentence, word, path)
    return Brought(_per_piece(columns, len(word), str(path)), 0)


def _per_piece(columns: dict[str, pa.Array], pieces: int, name: str) -> pa.Table:
    for values in columns.values():
        if len(values) != pieces:
            raise AnnotationError(
                f"{name} has {len(values):,} labels for {pieces:,} indexed pieces: give one for each row of "
                "`index.tokens`, or name words by columns `sentence` and `word`"
            )
    return pa.table(columns)


def _per_word(columns: dict[str, pa.Array], sentence: np.ndarray, word: np.ndarray, path: Path) -> Brought:
    """Every piece of a word gets the label of its word."""
    named = _codes(*(_numbers(columns.pop(name), name, path) for name in ("sentence", "word")))
    wanted = _codes(sentence, word)
    used = np.isin(named, wanted)
    if not used.any():
        raise AnnotationError(f"{path} names no word of this index: `sentence` and `word` are those of `index.tokens`")
    order = np.argsort(named, kind="stable")
    known = named[order]
    if (twice := np.flatnonzero(known[1:] == known[:-1])).size:
        number, again = divmod(int(known[twice[0]]), 1 << 32)
        raise AnnotationError(f"{path} labels word {again} of sentence {number} twice")
    at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    rows = pa.array(order[at], mask=known[at] != wanted)
    table = pa.table({name: pc.fill_null(values.take(rows), "") for name, values in columns.items()})
    return Brought(table, int((~used).sum()))


def _codes(sentence: np.ndarray, word: np.ndarray) -> np.ndarray:
    return (sentence.astype(np.int64) << 32) | word.astype(np.int64)


def _numbers(values: pa.Array, name: str, path: Path) -> np.ndarray:
    try:
        numbers = pc.cast(values, pa.int32()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid as error:
        raise AnnotationError(f"{path}: column {name!r} must hold whole numbers: {error}") from error
    if (numbers < 0).any():
        raise AnnotationError(f"{path}: column {name!r} counts from 0, it has a negative number")
    return numbers


def _read(path: Path) -> dict[str, pa.Array]:
    if not path.is_file():
        raise AnnotationError(f"{path} is no file; to attach a list of labels, give it a name: annotate(name, labels)")
    if path.suffix in _DELIMITERS:
        return _read_text(path, _DELIMITERS[path.suffix])
    if path.suffix != ".parquet":
        raise AnnotationError(f"{path} is neither .tsv, .csv nor .parquet")
    try:
        table = pq.read_table(path)
    except pa.ArrowException as error:
        raise AnnotationError(f"{path} is not a Parquet file: {error}") from error
    _check_header(table.column_names, path)
    return {name: _texts(table.column(name), f"{path}, column {name!r}") for name in table.column_names}


def _read_text(path: Path, delimiter: str) -> dict[str, pa.Array]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header, *rows = [row for row in csv.reader(file, delimiter=delimiter, strict=True) if row] or [[]]
    except (UnicodeDecodeError, csv.Error) as error:
        raise AnnotationError(f"{path} cannot be read: {error}") from error
    _check_header(header, path)
    for number, row in enumerate(rows, 2):
        if len(row) != len(header):
            raise AnnotationError(f"{path}: row {number} has {len(row)} cells, the first row has {len(header)}")
    columns = zip(*rows, strict=True) if rows else ([] for _ in header)
    return {name: pa.array(values, pa.string()) for name, values in zip(header, columns, strict=True)}


def _check_header(names: Sequence[str], path: Path) -> None:
    if not names or len(set(names)) != len(names):
        raise AnnotationError(f"{path} needs a first row with a name for each column, none of them twice")


def _array(labels: Sequence[Any]) -> pa.Array:
    try:
        return pa.array(labels)
    except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError, ValueError) as error:
        raise AnnotationError(f"labels must all be texts, whole numbers or truth values: {error}") from error


def _texts(values: pa.Array | pa.ChunkedArray, name: str) -> pa.Array:
    """As texts, spelt as Arrow spells them."""
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if not any(is_kind(values.type) for is_kind in _KINDS):
        raise AnnotationError(f"{name} holds {values.type}: labels are texts, whole numbers or truth values")
    texts = pc.fill_null(values.cast(pa.string()), "")
    return texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
