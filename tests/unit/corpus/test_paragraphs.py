"""Paragraphs: what counts as hard-wrapped, and what does not."""

from __future__ import annotations

import textwrap
from collections import Counter

import pytest

from exbert_hub.corpus.sources.paragraphs import book_lines, join_lines, paragraphs_of, wrap_width

PROSE = (
    "Dorothy lived in the midst of the great Kansas prairies, with Uncle Henry, who was a farmer, and Aunt Em, who "
    "was the farmer's wife. Their house was small, for the lumber to build it had to be carried by wagon many miles. "
    "There were four walls, a floor and a roof, which made one room; and this room contained a rusty cookstove."
)


@pytest.mark.parametrize("width", [60, 72, 79])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_hard_wrapped_paragraphs_are_unwrapped(width, newline):
    wrapped = textwrap.fill(PROSE, width).replace("\n", newline)
    text = newline.join(["Chapter I", "", "", wrapped, "", wrapped, ""])
    assert list(paragraphs_of(text)) == ["Chapter I", PROSE, PROSE]


def test_one_sentence_per_line_stays_one_document_per_line():
    sentences = [sentence.strip() + "." for sentence in PROSE.split(".") if sentence.strip()]
    assert list(paragraphs_of("\n".join(sentences))) == sentences


def test_short_sentences_of_even_length_stay_lines():
    """Their lines are as full as wrapped ones, but they end like sentences."""
    lines = [f"The girl number {i:04} ran to a local pub in her own city." for i in range(50)]
    assert wrap_width(lines) is None
    assert list(join_lines(lines, wrap_width(lines))) == lines


def test_one_paragraph_per_line_with_blank_lines():
    assert list(paragraphs_of(f"{PROSE}\n\n{PROSE}\n")) == [PROSE, PROSE]


def test_verse_in_a_wrapped_book_keeps_its_lines():
    verse = ["My lady fair,", "Why do you stare", "At poor old Mr. Joker?"]
    text = "\n".join([textwrap.fill(PROSE, 70), "", *verse, "", textwrap.fill(PROSE, 70)])
    assert list(paragraphs_of(text)) == [PROSE, *verse, PROSE]


def test_white_space_gives_nothing():
    assert list(paragraphs_of("")) == list(paragraphs_of(" \n\t\n ")) == []


def test_a_gutenberg_book_loses_its_licence_and_the_loss_is_counted():
    skipped: Counter[str] = Counter()
    lines = [
        "The Project Gutenberg EBook of X\n",
        "*** START OF THIS PROJECT GUTENBERG EBOOK X ***\n",
        "Once.\n",
        "*** END OF THE PROJECT GUTENBERG EBOOK X ***\n",
        "licence\n",
    ]
    assert list(book_lines(lines, skipped)) == ["Once.\n"]
    assert sum(skipped.values()) == 4


def test_any_other_text_keeps_all_lines():
    lines = [f"line {i}" for i in range(2500)]
    skipped: Counter[str] = Counter()
    assert list(book_lines(lines, skipped)) == lines
    assert not skipped
