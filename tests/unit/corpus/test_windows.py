"""Long sentences are cut, and nothing of them is lost."""

from __future__ import annotations

import random

import pytest

from exbert_hub.corpus import Sentence, Word, split_windows
from exbert_hub.errors import TextTooLongError


def sentence_of(text: str) -> Sentence:
    """Words at white space, each the child of the one before, the first the root."""
    words: list[Word] = []
    position = 0
    for form in text.split():
        start = text.index(form, position)
        position = start + len(form)
        head = max(len(words) - 1, 0)
        words.append(
            Word(form, start, position, lemma=form.lower(), head=head, head_text=words[-1].text if words else form)
        )
    return Sentence(text, tuple(words))


def pieces_of(text: str, length: int = 3, leading_space: bool = False) -> list[tuple[int, int]]:
    """Every word in pieces of `length` characters, with the space before a word as part of it if asked."""
    offsets = []
    for word in sentence_of(text).words:
        for start in range(word.start, word.end, length):
            space = leading_space and start == word.start and start > 0
            offsets.append((start - space, min(start + length, word.end)))
    return offsets


def test_a_sentence_that_fits_is_left_alone():
    sentence = sentence_of("The girl ran")
    assert split_windows(sentence, pieces_of(sentence.text), 4) == (sentence,)


def test_cuts_at_word_boundaries_and_keeps_heads_honest():
    sentence = sentence_of("aa bb cc dd")
    first, second = split_windows(sentence, pieces_of(sentence.text), 2)
    assert (first.text, second.text) == ("aa bb", "cc dd")
    cc, dd = second.words
    assert (cc.start, cc.end, cc.head, cc.head_text, cc.lemma) == (0, 2, -1, "bb", "cc")
    assert (dd.start, dd.end, dd.head, dd.head_text) == (3, 5, 0, "cc")


def test_a_word_longer_than_the_window_is_cut_into_words_with_its_labels():
    sentence = sentence_of("an extraordinarily big")
    windows = split_windows(sentence, pieces_of(sentence.text), 3)
    assert [window.text for window in windows] == ["an", "extraordi", "narily big"]
    assert [word.text for window in windows for word in window.words] == ["an", "extraordi", "narily", "big"]
    assert {window.words[0].lemma for window in windows[1:]} == {"extraordinarily"}
    assert windows[2].words[1].head == 0
    assert sum(len(window.words) for window in windows) - len(sentence.words) == 1


def test_words_that_share_a_span_stay_together():
    text = "aa du bb"
    words = (Word("aa", 0, 2), Word("de", 3, 5), Word("le", 3, 5), Word("bb", 6, 8))
    windows = split_windows(Sentence(text, words), pieces_of(text), 2)
    assert [[word.text for word in window.words] for window in windows] == [["aa", "de", "le"], ["bb"]]


def test_text_without_words_is_cut_too():
    text = "x" * 30
    windows = split_windows(Sentence(text, ()), [(i, i + 1) for i in range(30)], 12)
    assert [len(window.text) for window in windows] == [12, 12, 6]


def test_an_empty_piece_takes_a_place():
    """SentencePiece may begin with a lone space marker."""
    sentence = sentence_of("aa bb cc")
    windows = split_windows(sentence, [(0, 0), *pieces_of(sentence.text)], 3)
    assert [window.text for window in windows] == ["aa bb", "cc"]


def test_a_character_that_does_not_fit_is_an_error():
    with pytest.raises(TextTooLongError, match="2 pieces is too short"):
        split_windows(sentence_of("👩"), [(0, 1)] * 4, 2)


@pytest.mark.parametrize("seed", range(200))
def test_nothing_is_lost_and_every_window_fits(seed):
    rng = random.Random(seed)
    forms = ["".join(rng.choices("abcé世🙂", k=rng.choice([1, 2, 5, 9, 30]))) for _ in range(rng.randint(1, 40))]
    text = "".join(form + rng.choice([" ", " ", "  ", "\u00a0"]) for form in forms).strip()
    sentence = sentence_of(text)
    length, leading, room = rng.randint(1, 4), rng.random() < 0.5, rng.randint(1, 12)
    windows = split_windows(sentence, pieces_of(text, length, leading), room)

    assert "".join("".join(window.text.split()) for window in windows) == "".join(text.split())
    assert "".join(word.text for window in windows for word in window.words) == "".join(text.split())
    for window in windows:
        assert window.text and window.text == window.text.strip()
        assert all(window.text[word.start : word.end] == word.text for word in window.words)
        assert all(-1 <= word.head < len(window.words) for word in window.words)
        # the windows begin at pieces, so the same tokenizer finds the same pieces in them
        assert len(pieces_of(window.text, length, leading)) <= room
        assert all(len(pieces_of(word.text, length)) <= room for word in window.words)
    cuts = sum(len(window.words) for window in windows) - len(sentence.words)
    assert (cuts > 0) == any(len(pieces_of(word.text, length)) > room for word in sentence.words)
