"""`align_pieces` against a brute-force reference, and the cases that tokenizers are known for."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest

from exbert_hub.corpus import Word, align_pieces


def words_of(text: str, *spans: tuple[int, int]) -> tuple[Word, ...]:
    return tuple(Word(text[start:end], start, end) for start, end in spans)


def reference(words, offsets, text):
    """The definition, letter by letter."""
    word_of_piece, spanning = [], 0
    for start, end in offsets:
        overlaps = [
            sum(not text[i].isspace() for i in range(max(start, word.start), min(end, word.end))) for word in words
        ]
        best = max(overlaps, default=0)
        word_of_piece.append(overlaps.index(best) if best else -1)
        spanning += sum(overlap > 0 for overlap in overlaps) > 1
    return word_of_piece, spanning, len(set(range(len(words))) - set(word_of_piece))


ALPHABET = ["a", "b", "-", " ", "  ", "é", "e\u0301", "世", "界", "👩‍👩‍👧", "🙂", "\u200b", "\u00a0", "\t", "ﬁ", "ا"]


def random_case(rng: random.Random):
    text = "".join(rng.choices(ALPHABET, k=rng.randint(1, 25)))

    def spans(count: int) -> list[tuple[int, int]]:
        cuts = sorted(rng.choices(range(len(text) + 1), k=2 * count))
        return list(zip(cuts[::2], cuts[1::2], strict=True))

    solid = [span for span in spans(rng.randint(0, 8)) if text[slice(*span)].strip()]
    shared = sorted(span for span in solid for _ in range(rng.choice([1, 1, 1, 2])))
    return text, words_of(text, *shared), spans(rng.randint(0, 12))


@pytest.mark.parametrize("seed", range(400))
def test_agrees_with_the_definition(seed):
    rng = random.Random(seed)
    text, words, offsets = random_case(rng)
    if seed % 5 == 0:
        rng.shuffle(offsets)  # pieces out of order
    found = align_pieces(words, offsets, text)
    assert (found.word_of_piece.tolist(), found.spanning, found.uncovered) == reference(words, offsets, text)


def test_returns_int32_also_for_nothing():
    found = align_pieces((), [], "")
    assert found.word_of_piece.dtype == np.int32 and found.word_of_piece.shape == (0,)
    assert (found.spanning, found.uncovered) == (0, 0)


def test_takes_an_array_of_offsets_and_leaves_special_tokens_without_a_word():
    text = "Hello world"
    offsets = np.array([[0, 0], [0, 5], [6, 9], [9, 11], [0, 0]])
    assert align_pieces(words_of(text, (0, 5), (6, 11)), offsets, text).word_of_piece.tolist() == [-1, 0, 1, 1, -1]


def test_leading_spaces_count_for_nothing():
    text = "a    b"  # by raw characters the piece "    b" would overlap no word more than b, and "a    " neither
    found = align_pieces(words_of(text, (0, 1), (5, 6)), [(0, 5), (1, 6), (1, 5)], text)
    assert found.word_of_piece.tolist() == [0, 1, -1]
    assert found.spanning == 0


def test_the_larger_overlap_wins_and_the_first_on_ties():
    text = "didn't"
    words = words_of(text, (0, 3), (3, 6))
    assert align_pieces(words, [(0, 6)], text).word_of_piece.tolist() == [0]
    assert align_pieces(words, [(2, 6)], text).word_of_piece.tolist() == [1]
    assert align_pieces(words, [(0, 6)], text)[1:] == (1, 1)


def test_words_that_share_a_span():
    text = "vas du lac"  # du = de + le
    words = words_of(text, (0, 3), (4, 6), (4, 6), (7, 10))
    found = align_pieces(words, [(0, 3), (4, 6), (7, 10)], text)
    assert found.word_of_piece.tolist() == [0, 1, 3]
    assert (found.spanning, found.uncovered) == (1, 1)


def test_bytes_of_one_character_all_belong_to_its_word():
    text = "ok 🙂"
    found = align_pieces(words_of(text, (0, 2), (3, 4)), [(0, 2), (2, 4), (3, 4), (3, 4)], text)
    assert found.word_of_piece.tolist() == [0, 1, 1, 1]


def test_is_linear():
    """A walk over all words for each piece would take a minute here."""
    text = "ab " * 20_000
    spans = [(i, i + 2) for i in range(0, len(text), 3)]
    words = words_of(text, *spans)
    begin = time.perf_counter()
    assert align_pieces(words, spans, text).word_of_piece.tolist() == list(range(20_000))
    assert time.perf_counter() - begin < 5
