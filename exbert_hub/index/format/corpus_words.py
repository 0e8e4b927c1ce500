"""Numbers for the words of a corpus that are the same in every index of it, whatever the tokenizer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_BITS = 20  # of a position in a sentence; leaves 8 million sentences


def word_numbers(tables: Sequence[tuple[pa.Table, pa.Table]]) -> list[np.ndarray]:
    """The number of each row's word; rows of one word, in one index or several, have the same.

    A word is known by the text of its sentence, by how many sentences with that text come before, and by its
    characters in it.

    :param tables: `tokens` and `sentences` of each index.
    :return: int64 [rows] for each index.
    """
    known: dict[tuple[str, int], int] = {}
    return [_numbers(tokens, sentences, known) for tokens, sentences in tables]


def _numbers(tokens: pa.Table, sentences: pa.Table, known: dict[tuple[str, int], int]) -> np.ndarray:
    before: Counter[str] = Counter()
    number_of = np.empty(len(sentences), np.int64)
    for row, text in enumerate(sentences.column("text").to_pylist()):
        number_of[row] = known.setdefault((text, before[text]), len(known))
        before[text] += 1
    words = sentences.column("words").combine_chunks()
    first = np.concatenate([[0], np.cumsum(pc.list_value_length(words).to_numpy())])
    spans = pc.list_flatten(words)
    sentence = tokens.column("sentence").to_numpy()
    word = first[sentence] + tokens.column("word").to_numpy()
    start, end = (spans.field(name).to_numpy().astype(np.int64)[word] for name in ("start", "end"))
    return (number_of[sentence] << 2 * _BITS) + (start << _BITS) + end
