"""From the rows of a search to what is shown about them: sentences, labels, attention."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from exbert_hub.analysis.max_attention import max_attention
from exbert_hub.index.store.attention_files import AttentionReader

from .piece_labels import PieceLabels
from .results import Match, SentenceContext


class Nearest(NamedTuple):
    """One row of a search."""

    score: float
    row: int
    sentence: int
    position: int


def describe(
    found: Sequence[Nearest],
    sentences: Callable[[], pa.Table],
    reader: AttentionReader | None,
    heads: Sequence[int],
    labels: Sequence[str],
    beside: Executor,
) -> tuple[Match, ...]:
    """Everything there is to show about the rows.

    :param found: in the order of their rank.
    :param sentences: gives the sentence of each.
    :param reader: the stored attention of the layer, if any.
    :param heads: heads that the attention is averaged over.
    :param labels: label columns.
    :param beside: reads attention: Python is free for the sentences while Arrow does that.
    """
    places = [(one.sentence, one.position) for one in found]
    reading = beside.submit(reader.around, places, heads) if reader is not None else None
    read = list(_sentences(sentences(), labels))
    lines: Sequence[_Lines] = reading.result() if reading is not None else [(None, None)] * len(found)
    return tuple(_match(rank, *one) for rank, one in enumerate(zip(found, read, lines, strict=True)))


_Lines = tuple[np.ndarray | None, np.ndarray | None]  # attention out of a piece and into it


class _Sentence(NamedTuple):
    text: str
    pieces: tuple[str, ...]
    offsets: tuple[tuple[int, int], ...]
    special: tuple[bool, ...]
    labels: PieceLabels


def _match(rank: int, found: Nearest, sentence: _Sentence, lines: _Lines) -> Match:
    number, position = found.sentence, found.position
    out, into = lines
    attended = None if out is None else attended_position(out, sentence.labels)
    offset = None if attended is None else attended - position
    context = SentenceContext(*sentence, attention_out=out, attention_in=into)
    return Match(rank, found.score, found.row, number, position, sentence.labels[position], attended, offset, context)


def _sentences(table: pa.Table, labels: Sequence[str]) -> Iterator[_Sentence]:
    """Rows of `sentences`, read column by column, which is many times faster than a dictionary per piece."""
    pieces, words = (table.column(name).combine_chunks() for name in ("pieces", "words"))
    inner, spoken = pieces.flatten(), words.flatten()
    # truth values are spelt as Arrow spells them, so that labels and base rates have the same names
    names = tuple(name for name in labels if name != "piece")
    columns = [_values(spoken.field(name).cast(pa.string())) for name in names]
    labelled = list(zip(*columns, strict=True)) if names else [()] * len(spoken)
    piece, start, end, special = (_values(inner.field(name)) for name in ("piece", "start", "end", "special"))
    offsets, word = tuple(zip(start, end, strict=True)), inner.field("word").to_numpy()
    of_sentence = zip(_spans(pieces), _spans(words), table.column("text").to_pylist(), strict=True)
    for here, there, text in of_sentence:
        own_labels = PieceLabels(piece[here], word[here], names, labelled, there.start)
        yield _Sentence(text, piece[here], offsets[here], special[here], own_labels)


def _spans(lists: pa.ListArray) -> Iterator[slice]:
    """Where the values of each list lie among those of all."""
    ends = np.cumsum(lists.value_lengths().to_numpy()).tolist()
    return map(slice, [0, *ends], ends)


def _values(column: pa.Array) -> tuple:
    return tuple(column.to_numpy(zero_copy_only=False).tolist())


def attended_position(attention: np.ndarray, labels: PieceLabels) -> int | None:
    """The position that a piece attends to most, None if none may be it.

    :param attention: [N], out of the piece.
    :param labels: of its sentence.
    """
    attended = int(max_attention(attention, labels.candidates()))
    return attended if attended >= 0 else None


def label_matches(matches: Sequence[Match], tokens: pa.Table, names: Sequence[str]) -> tuple[Match, ...]:
    """The matches with attached labels, for them and for every piece of their sentences."""
    columns = tokens.select(list(names))

    def label(match: Match) -> Match:
        own = match.context.labels
        places = own.positions
        rows = columns.slice(match.row - int(np.searchsorted(places, match.position)), len(places))
        labels = own.with_labels(tuple(names), list(zip(*rows.to_pydict().values(), strict=True)))
        return replace(match, labels=labels[match.position], context=replace(match.context, labels=labels))

    return tuple(map(label, matches))
