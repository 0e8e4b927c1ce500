"""Sentences that are longer than the model's window are cut into windows; nothing of them is dropped."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate

from exbert_hub.errors import TextTooLongError

from .types import Sentence, Word


def split_windows(sentence: Sentence, offsets: Iterable[Sequence[int]], max_pieces: int) -> tuple[Sentence, ...]:
    """Cut a sentence at word boundaries into windows of at most `max_pieces` pieces each.

    The text of a window is a slice of the sentence's text, its words are re-offset into it, and `head` points into the
    window (-1 where the head word is in another one; `head_text` stays). A single word, or a stretch without words,
    that is longer than the window is cut between characters: each part of such a word is a word with the labels of the
    whole, so `sum(len(w.words) for w in windows) - len(sentence.words)` counts these cuts.

    Cut text may tokenise a little differently, so a window can come out a piece or two longer than it was as a part of
    its sentence; callers tokenise windows again and, in that rare case, cut again.

    :param offsets: `[N, 2]`, the characters of `sentence.text` of each piece, without special tokens.
    :param max_pieces: the model's window less its special tokens, at least 1.
    :raises TextTooLongError: if not even a single character fits into the window.
    """
    text = sentence.text
    spans = [_trim(text, int(start), int(end)) for start, end in offsets]
    if len(spans) <= max_pieces:
        return (sentence,)
    starts = list(accumulate((start for start, _ in spans), max))
    # an empty piece, such as a lone space marker, goes with what follows it
    ends = list(accumulate((max(end, start + 1) for start, end in spans), max))
    boundaries = _word_boundaries(sentence.words, len(text))
    windows = []
    begin = 0
    while begin < len(text):
        first = bisect_right(ends, begin)  # the first piece that reaches beyond `begin`
        # cutting before `limit` keeps the first `max_pieces` pieces from there on
        limit = starts[first + max_pieces] if first + max_pieces < len(starts) else len(text)
        end = boundaries[bisect_right(boundaries, limit) - 1]
        if end <= begin:
            end = limit  # the next boundary is out of reach: cut between characters
        if end <= begin or (begin == 0 and end == len(text)):
            raise TextTooLongError(
                f"a window of {max_pieces} pieces is too short for a single character of "
                f"{text[begin : begin + 40]!r}; use a larger window"
            )
        window = _cut(sentence, begin, end)
        if window.text:
            windows.append(window)
        begin = end
    return tuple(windows)


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without the white space at its ends; an all-white span shrinks to its end."""
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, end


def _word_boundaries(words: Sequence[Word], length: int) -> list[int]:
    """Offsets at which the text can be cut without cutting a word, ascending, 0 and `length` included."""
    boundaries = [0]
    reached = 0
    for word in words:
        if word.start >= reached and word.start > boundaries[-1]:
            boundaries.append(word.start)
        reached = max(reached, word.end)
    return [*boundaries, length]


def _cut(sentence: Sentence, begin: int, end: int) -> Sentence:
    """The part of a sentence between two character offsets, without white space at its ends."""
    begin, end = _trim(sentence.text, begin, end)
    position: dict[int, int] = {}  # index of a word in the sentence -> its index in the window
    for index, word in enumerate(sentence.words):
        if word.start < end and word.end > begin:
            position[index] = len(position)
    words = []
    for index in position:
        word = sentence.words[index]
        start, stop = max(word.start, begin), min(word.end, end)
        whole = (start, stop) == (word.start, word.end)
        words.append(
            word._replace(
                text=word.text if whole else sentence.text[start:stop],
                start=start - begin,
                end=stop - begin,
                head=position.get(word.head, -1),
            )
        )
    return Sentence(sentence.text[begin:end], tuple(words))
