"""What Python is told by indexes that earlier code wrote is what it was told then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .questions import QUESTIONS, SEARCHES
from .same import assert_same
from .stored import Stored

ASKED = [(file, name) for file, questions in QUESTIONS.items() for name in questions]


@pytest.mark.parametrize(("file", "name"), ASKED, ids=[f"{file}: {name}" for file, name in ASKED])
def test_the_answer_is_the_stored_one(stored: Stored, expected: Callable[[str], Any], file: str, name: str) -> None:
    assert_same(expected(file)[name], QUESTIONS[file][name](stored))


def test_every_stored_answer_is_asked_for(expected: Callable[[str], Any]) -> None:
    assert {file: list(expected(file)) for file in QUESTIONS} == {
        file: list(asked) for file, asked in QUESTIONS.items()
    }


def test_shards_answer_as_the_index_in_one_piece(stored: Stored) -> None:
    one, many = (SEARCHES[name].find(stored).to_dict() for name in ("some heads", "shards"))
    for match in one["matches"]:  # labels that were attached to one of them only
        del match["mood"], match["max_attention_mood"]
    assert_same(one, many)
