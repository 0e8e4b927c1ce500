"""Which word does a piece belong to? Decided by characters, because model and annotator tokenise independently."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from .types import Word


class Alignment(NamedTuple):
    """Result of `align_pieces`."""

    word_of_piece: np.ndarray  # int32 [N], index of the word, -1 for a piece without a word
    spanning: int  # pieces that overlap more than one word
    uncovered: int  # words that no piece belongs to


def align_pieces(words: Sequence[Word], offsets: Iterable[Sequence[int]], text: str) -> Alignment:
    """Give every piece to the word with which it shares most characters.

    White space counts for nothing, so the leading space in the offsets of a GPT-2 or Llama piece does no harm. Of
    several words with the same overlap the first gets the piece: of words that share a span (the parts of a gold
    multi-word token) that is always the first one, and the others are counted as uncovered.

    :param words: by `start`; they may overlap.
    :param offsets: `[N, 2]`, the characters of `text` of each piece; an empty span such as a special token's (0, 0),
        or one of white space only, belongs to no word.
    """
    solid = _solid_characters(text)
    starts = [solid[word.start] for word in words]
    ends = [solid[word.end] for word in words]
    count = len(words)
    word_of_piece: list[int] = []
    covered: set[int] = set()
    spanning = 0
    first = previous = 0  # words before `first` end before any later piece begins
    for raw_start, raw_end in _pairs(offsets):
        start, end = solid[raw_start], solid[raw_end]
        if start >= end:
            word_of_piece.append(-1)
            continue
        if start < previous:  # some normalisers report pieces out of order
            first = 0
        previous = start
        while first < count and ends[first] <= start:
            first += 1
        best, best_overlap, touched = -1, 0, 0
        for index in range(first, count):
            if starts[index] >= end:
                break
            overlap = min(end, ends[index]) - max(start, starts[index])
            if overlap > 0:
                touched += 1
                if overlap > best_overlap:
                    best, best_overlap = index, overlap
        spanning += touched > 1
        if best >= 0:
            covered.add(best)
        word_of_piece.append(best)
    return Alignment(np.array(word_of_piece, dtype=np.int32), spanning, count - len(covered))


def _solid_characters(text: str) -> list[int]:
    """`[len(text) + 1]`: how many characters before each offset are not white space."""
    return list(accumulate((not character.isspace() for character in text), initial=0))


def _pairs(offsets: Iterable[Sequence[int]]) -> Iterator[Sequence[int]]:
    # Python integers index a list several times faster than numpy's
    return iter(offsets.tolist() if isinstance(offsets, np.ndarray) else offsets)
