"""Sentences in Arrow and Parquet: one row each, its words a list of structs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from exbert_hub.corpus.types import Sentence, Word

if TYPE_CHECKING:
    import pyarrow as pa

_LABELS = Word._fields[:-1]  # all but `extra`


def struct_type(extra: Iterable[str] = ()) -> pa.StructType:
    """A word."""
    import pyarrow as pa

    kinds = {"start": pa.int32(), "end": pa.int32(), "head": pa.int32(), "is_entity": pa.bool_()}
    return pa.struct([(name, kinds.get(name, pa.string())) for name in (*_LABELS, *extra)])


def schema_of(extra: Iterable[str]) -> pa.Schema:
    """A sentence: `text` and `words`; the columns of `Word.extra` stand beside the others under their own names."""
    import pyarrow as pa

    return pa.schema([("text", pa.string()), ("words", pa.list_(struct_type(extra)))])


def batch_of(sentences: list[Sentence], extra: list[str], missing: str | None = None) -> pa.RecordBatch:
    """Sentences as rows. Column by column, which is many times faster than a dictionary per word.

    :param missing: the value in a column of `Word.extra` of words that have none.
    """
    import pyarrow as pa

    words = [word for sentence in sentences for word in sentence.words]
    values: list[Any] = list(zip(*(word[:-1] for word in words), strict=True)) or [()] * len(_LABELS)
    values += [[word.extra.get(name, missing) for word in words] for name in extra]
    struct = struct_type(extra)
    arrays = [pa.array(column, field.type) for column, field in zip(values, struct, strict=True)]
    ends = [0]
    for sentence in sentences:
        ends.append(ends[-1] + len(sentence.words))
    lists = pa.ListArray.from_arrays(
        pa.array(ends, pa.int32()), pa.StructArray.from_arrays(arrays, fields=list(struct))
    )
    texts = pa.array([sentence.text for sentence in sentences], pa.string())
    return pa.RecordBatch.from_arrays([texts, lists], schema=schema_of(extra))


def sentences_of(batch: pa.RecordBatch) -> Iterator[Sentence]:
    """Rows as sentences; `Word.extra` holds the columns that have a value."""
    import pyarrow.compute as pc

    lists = batch.column("words")
    struct = lists.flatten()
    extras: list[dict[str, str]] = [{} for _ in range(len(struct))]
    for field in struct.type:
        if field.name in _LABELS:
            continue
        column = struct.field(field.name)
        values = column.drop_null().to_pylist()
        for row, value in zip(pc.indices_nonzero(column.is_valid()).to_pylist(), values, strict=True):
            extras[row][field.name] = value
    words = map(Word, *(struct.field(name).to_pylist() for name in _LABELS), extras)
    for text, count in zip(batch.column("text").to_pylist(), lists.value_lengths().to_pylist(), strict=True):
        yield Sentence(text, tuple(islice(words, count)))
