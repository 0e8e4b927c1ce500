"""Words of texts that nobody annotated."""

import pytest

from exbert_hub.corpus.words import split_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The girl  ran.", ["The", "girl", "ran", "."]),
        ("don't pay 3.14 well-known x_y", ["don't", "pay", "3.14", "well", "-", "known", "x_y"]),
        ("北京 and Токио", ["北", "京", "and", "Токио"]),
        ("e\u0301te\u0301 🦉👩\u200d👧", ["e\u0301te\u0301", "🦉", "👩\u200d👧"]),
        (" \n ", []),
        ("", []),
    ],
)
def test_words_are_those_of_unicode(text, words):
    found = split_words(text)
    assert [word.text for word in found] == words
    assert [text[word.start : word.end] for word in found] == words
