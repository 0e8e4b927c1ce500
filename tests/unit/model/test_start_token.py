"""A start token in front of what causal models read, in queries as in builds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from exbert_hub.errors import SelectionError, TokenError
from exbert_hub.model import Inspector
from tests.tiny_models import TEXTS


def loaded(inspector: Inspector, start_token: str | None) -> Inspector:
    return Inspector.from_pretrained(inspector.model_info.model_id, start_token=start_token)


def test_a_causal_model_gets_the_tokenizers_own_start_token(tiny: Callable[[str], Inspector]) -> None:
    inspector = tiny("gpt2")
    start = inspector.tokenizer.bos_token or inspector.tokenizer.eos_token
    seen = inspector.inspect(TEXTS[0])
    assert inspector.model_info.start_token == start == seen.pieces[0]
    assert seen.special.tolist() == [True] + [False] * (len(seen.pieces) - 1)
    assert seen.tokens.offsets[0].tolist() == [0, 0] and not seen.masked.any()
    # the rest is what the tokenizer says, at the same characters
    plain = loaded(inspector, None).inspect(TEXTS[0])
    assert seen.pieces[1:] == plain.pieces
    np.testing.assert_array_equal(seen.tokens.offsets[1:], plain.tokens.offsets)
    assert seen.find("girl") == tuple(place + 1 for place in plain.find("girl"))


def test_builds_read_what_queries_read(tiny: Callable[[str], Inspector]) -> None:
    inspector = tiny("gpt2")
    for tokens, text in zip(inspector.tokenize_batch(TEXTS), TEXTS, strict=True):
        np.testing.assert_array_equal(tokens.ids, inspector.inspect(text).tokens.ids)


def test_it_belongs_to_the_fingerprint_of_the_tokenization(tiny: Callable[[str], Inspector]) -> None:
    inspector = tiny("gpt2")
    plain = loaded(inspector, None)
    assert plain.model_info.start_token is None
    assert plain.model_info.tokenizer_fingerprint != inspector.model_info.tokenizer_fingerprint
    assert plain.model_info.weights_fingerprint == inspector.model_info.weights_fingerprint


@pytest.mark.parametrize("name", ["bert", "t5", "bart", "llama"])
def test_others_are_left_as_they_are(tiny: Callable[[str], Inspector], name: str) -> None:
    """Encoders, encoder-decoders, and causal models whose tokenizer puts a special piece in front by itself."""
    inspector = tiny(name)
    first_is_special = bool(inspector.tokenize(TEXTS[0]).special[0])
    assert inspector.model_info.start_token is None or inspector.model_info.kind == "causal"
    if inspector.model_info.kind != "causal":
        with pytest.raises(SelectionError, match="causal"):
            loaded(inspector, "a")
    else:
        assert first_is_special


def test_one_can_be_named(tiny: Callable[[str], Inspector]) -> None:
    inspector = tiny("gpt2")
    other = inspector.tokenize(TEXTS[0]).pieces[2]
    assert loaded(inspector, other).inspect("A lion ran.").pieces[0] == other
    with pytest.raises(SelectionError, match="no piece of this tokenizer"):
        loaded(inspector, "<not there>")


def test_a_text_without_pieces_is_still_none(tiny: Callable[[str], Inspector]) -> None:
    with pytest.raises(TokenError, match="empty"):
        tiny("gpt2").inspect("")
