"""From the rows of a search to what is shown about them: sentences, labels, attention."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from exbert_hub.analysis.max_attention import max_attention
from exbert_hub.index.results.piece_labels import PieceLabels
from exbert_hub.index.results.types import Match, SentenceContext


class MatchRow(NamedTuple):
    """One row of a search."""

    score: float
    row: int
    sentence: int
    position: int


_Lines = tuple[np.ndarray | None, np.ndarray | None]  # attention out of a piece and into it


def describe_rows(
    rows: Sequence[MatchRow],
    sentences: pa.Table,
    labels: Sequence[str],
    attention: Future[list[tuple[np.ndarray, np.ndarray]]] | None,
) -> tuple[Match, ...]:
    """Everything there is to show about some rows.

    :param rows: in the order of their rank.
    :param sentences: the sentence of each.
    :param labels: label columns.
    :param attention: out of and into each, waited for when the sentences have been read; None if none is stored.
    """
    read = list(_sentences(sentences, labels))
    lines: Sequence[_Lines] = attention.result() if attention is not None else [(None, None)] * len(rows)
    return tuple(_match(rank, *parts) for rank, parts in enumerate(zip(rows, read, lines, strict=True)))


class _Sentence(NamedTuple):
    text: str
    pieces: tuple[str, ...]
    offsets: tuple[tuple[int, int], ...]
    special: tuple[bool, ...]
    labels: PieceLabels


def _match(rank: int, row: MatchRow, sentence: _Sentence, lines: _Lines) -> Match:
    position, (out, into) = row.position, lines
    attended = None if out is None else attended_position(out, sentence.labels)
    offset = None if attended is None else attended - position
    context = SentenceContext(*sentence, attention_out=out, attention_in=into)
    return Match(
        rank=rank,
        score=row.score,
        row=row.row,
        sentence=row.sentence,
        position=position,
        labels=sentence.labels[position],
        max_attention=attended,
        offset=offset,
        context=context,
    )


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
