"""The words of a text that has no annotation."""

from __future__ import annotations

from itertools import pairwise

import regex

from .types import Word

_BOUNDARY = regex.compile(r"\b", regex.WORD | regex.VERSION1)


def split_words(text: str) -> tuple[Word, ...]:
    """The words and signs of a text, by the default word boundaries of Unicode (UAX #29, section 4.1).

    "don't" and "3.14" are one word, the hyphen in "well-known" is a word of its own. In scripts that put nothing
    between words, such as Chinese and Thai, every character is one: finding their words takes a dictionary.
    """
    starts = [match.start() for match in _BOUNDARY.finditer(text)]
    return tuple(Word(text[start:end], start, end) for start, end in pairwise(starts) if not text[start:end].isspace())
