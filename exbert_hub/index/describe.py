"""From the rows of a search to what is shown about them: sentences, labels, attention."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from ..analysis.attention import strongest_of
from .attention import AttentionReader
from .search import Place
from .types import Context, Match


class Nearest(NamedTuple):
    """One row of a search."""

    score: float
    row: int
    place: Place


def describe(
    found: Sequence[Nearest],
    sentences: pa.Table,
    reader: AttentionReader | None,
    heads: Sequence[int],
    labels: Sequence[str],
) -> tuple[Match, ...]:
    """Everything there is to show about the rows.

    :param found: in the order of their rank.
    :param sentences: the sentence of each.
    :param reader: the stored attention of the layer, if any.
    :param heads: heads that the attention is averaged over.
    :param labels: label columns.
    """
    return tuple(
        _match(rank, one, sentence, reader, heads)
        for rank, (one, sentence) in enumerate(zip(found, _sentences(sentences, labels), strict=True))
    )


class _Sentence(NamedTuple):
    text: str
    pieces: tuple[str, ...]
    offsets: tuple[tuple[int, int], ...]
    special: tuple[bool, ...]
    labels: tuple[Mapping[str, str] | None, ...]


def _match(
    rank: int, found: Nearest, sentence: _Sentence, reader: AttentionReader | None, heads: Sequence[int]
) -> Match:
    number, position, _ = found.place
    out, into, most = None, None, None
    if reader is not None:
        out, into = reader.around(number, position, heads)
        most = strongest_of(out, np.array([n for n, labels in enumerate(sentence.labels) if labels is not None]))
    own_labels = sentence.labels[position]
    assert own_labels is not None, "only pieces with a word are indexed"
    offset = None if most is None else most - position
    context = Context(*sentence, attention_out=out, attention_in=into)
    return Match(rank, found.score, found.row, number, position, own_labels, most, offset, context)


def _sentences(table: pa.Table, labels: Sequence[str]) -> Iterator[_Sentence]:
    """Rows of `sentences`, read column by column, which is many times faster than a dictionary per piece."""
    pieces, words = (table.column(name).combine_chunks() for name in ("pieces", "words"))
    inner, spoken = pieces.flatten(), words.flatten()
    names = [name for name in labels if name != "piece"]
    # truth values are spelt as Arrow spells them, so that labels and base rates have the same names
    columns = [_values(spoken.field(name).cast(pa.string())) for name in names]
    of_word = (dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True))
    rows = zip(*(_values(inner.field(name)) for name in ("piece", "start", "end", "special", "word")), strict=True)
    counts = zip(pieces.value_lengths().to_pylist(), words.value_lengths().to_pylist(), strict=True)
    for text, (piece_count, word_count) in zip(table.column("text").to_pylist(), counts, strict=True):
        annotated = list(islice(of_word, word_count))
        piece, start, end, special, word = zip(*islice(rows, piece_count), strict=True)
        of_piece = ({"piece": p} | annotated[w] if w >= 0 else None for p, w in zip(piece, word, strict=True))
        yield _Sentence(text, piece, tuple(zip(start, end, strict=True)), special, tuple(of_piece))


def _values(column: pa.Array) -> list:
    return column.to_numpy(zero_copy_only=False).tolist()
