"""From annotated sentences to what the model reads: one window per sentence, or several where it is too long."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from exbert_hub.analysis.heads import AnnotatedPieces
from exbert_hub.corpus import align_pieces, split_windows
from exbert_hub.corpus.types import Coverage, Sentence
from exbert_hub.model.types import Tokens

if TYPE_CHECKING:
    from exbert_hub.model import Inspector

_SENTENCES_AT_ONCE = 256
_CUT = "further parts of words longer than a window"


@dataclass(frozen=True)
class Window:
    """One row of the sentences table: a sentence, its pieces and the word that each piece belongs to."""

    sentence: Sentence
    tokens: Tokens
    word_of_piece: np.ndarray  # int32 [N], -1 for special tokens and for pieces without a word
    spanning: int  # pieces that overlap more than one word
    uncovered: int  # words that no piece belongs to

    @property
    def indexed(self) -> np.ndarray:
        """bool [N]: the pieces that get a row of the tokens table."""
        return self.word_of_piece >= 0

    def __len__(self) -> int:
        return len(self.tokens.pieces)

    def annotated(self, causal: bool) -> AnnotatedPieces:
        """What measures of heads need to know about it."""
        words = self.sentence.words
        extra = {name for word in words for name in word.extra}
        return AnnotatedPieces(
            word_of_piece=self.word_of_piece,
            special=self.tokens.special,
            head=np.array([word.head for word in words], np.int64),
            dep=tuple(word.dep for word in words),
            lemma=tuple(word.lemma for word in words),
            pos=tuple(word.pos for word in words),
            labels={
                "pos": tuple(word.pos for word in words),
                "ent_type": tuple(word.ent_type for word in words),
                **{name: tuple(word.extra.get(name, "") for word in words) for name in sorted(extra)},
            },
            causal=causal,
        )


def iter_windows(
    sentences: Iterable[Sentence], inspector: Inspector, size: int
) -> Iterator[tuple[Sentence, list[Window]]]:
    """Each sentence with its windows of at most `size` pieces, special tokens counted."""
    for batch in _batched(sentences, _SENTENCES_AT_ONCE):
        for sentence, tokens in zip(batch, inspector.tokenize_batch([s.text for s in batch]), strict=True):
            yield sentence, list(_windows(sentence, tokens, inspector, size))


def _batched(sentences: Iterable[Sentence], size: int) -> Iterator[list[Sentence]]:
    remaining = iter(sentences)
    while batch := list(itertools.islice(remaining, size)):
        yield batch


def _windows(sentence: Sentence, tokens: Tokens, inspector: Inspector, size: int) -> Iterator[Window]:
    plain = ~tokens.special
    offsets = [(int(start), int(end)) for start, end in tokens.offsets[plain]]
    if len(tokens.pieces) <= size:
        alignment = align_pieces(sentence.words, offsets, sentence.text)
        words = np.full(len(tokens.pieces), -1, np.int32)
        words[plain] = alignment.word_of_piece
        yield Window(sentence, tokens, words, alignment.spanning, alignment.uncovered)
        return
    room = size - int(tokens.special.sum())
    for part in split_windows(sentence, offsets, room):
        # a part may be tokenised into more pieces than it had in the whole sentence; then it is split again
        yield from _windows(part, inspector.tokenize(part.text), inspector, size)


def count(coverage: Coverage, sentence: Sentence, windows: list[Window]) -> None:
    """Add one sentence to the coverage report."""
    coverage.sentences += 1
    coverage.words += len(sentence.words)
    if parts := sum(len(window.sentence.words) for window in windows) - len(sentence.words):
        coverage.notes[_CUT] = coverage.notes.get(_CUT, 0) + parts
    coverage.windows += len(windows)
    coverage.sentences_cut += len(windows) > 1
    for window in windows:
        plain, indexed = int((~window.tokens.special).sum()), int(window.indexed.sum())
        coverage.pieces += plain
        coverage.pieces_indexed += indexed
        coverage.pieces_without_word += plain - indexed
        coverage.pieces_spanning += window.spanning
        coverage.words_uncovered += window.uncovered
