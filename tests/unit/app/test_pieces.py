"""Which pieces make one word, as the page is told."""

import numpy as np
import pytest

from exbert_hub import Inspector
from exbert_hub.app.wire.responses.pieces import word_of_piece, words_json
from exbert_hub.model.types import Tokens

from ...tiny_models import TEXTS, tiny_gpt2_dir


def words(seen):
    texts = seen.text, seen.text_pair or ""
    spans = words_json(seen.tokens, texts)
    assert spans[0]["start"] == 0 and [span["start"] for span in spans] == sorted({span["start"] for span in spans})
    assert len(spans) == word_of_piece(seen.tokens, texts)[-1] + 1
    return [span["text"] for span in spans]


def test_pieces_of_a_word_come_together(inspector):
    seen = inspector.inspect("Unbelievably, she didn't escape.")
    assert len(seen.pieces) > 12
    assert words(seen) == ["[CLS]", "Unbelievably", ",", "she", "didn't", "escape", ".", "[SEP]"]


def test_masked_pieces_are_shown_as_the_model_saw_them(inspector):
    text = "She ran to a pub."
    first = inspector.inspect(text).find("pub")[0]
    assert inspector.inspect(text).pieces[first : first + 2] == ("pu", "##b")
    assert "[MASK]b" in words(inspector.inspect(text, mask=(first,)))
    assert "[MASK][MASK]" in words(inspector.inspect(text, mask=(first, first + 1)))


def test_a_word_never_reaches_from_one_text_into_the_other(inspector):
    seen = inspector.inspect("pub", "pub")
    assert words(seen) == ["[CLS]", "pub", "[SEP]", "pub", "[SEP]"]


def test_byte_level_pieces_with_their_spaces(tmp_path):
    seen = Inspector.from_pretrained(tiny_gpt2_dir(tmp_path / "model")).inspect(f"{TEXTS[0]} 🦉 naïve")
    assert words(seen)[-4:] == ["␣", "🦉", "␣", "naïve"]  # the owl has four pieces, its space one without a word
    assert len(words(seen)) < len(seen.pieces)


@pytest.mark.parametrize("special", [True, False])
def test_pieces_without_a_word_stand_alone(special):
    tokens = Tokens(
        pieces=("▁", "▁", "a", "b"),
        ids=np.arange(4),
        offsets=np.array([[0, 0], [0, 1], [1, 2], [2, 3]]),
        special=np.array([special, False, False, False]),
        masked=np.zeros(4, bool),
        segments=np.zeros(4, np.int8),
    )
    assert word_of_piece(tokens, (" ab", "")).tolist() == [0, 1, 2, 2]
