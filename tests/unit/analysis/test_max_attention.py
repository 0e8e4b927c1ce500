"""The max-attention token: one rule, and two libraries that agree."""

import numpy as np
import pytest
import torch

from exbert_hub.analysis import max_attention as rule
from exbert_hub.analysis.heads import AnnotatedPieces
from exbert_hub.analysis.max_attention import first_argmax, max_attention, max_attention_batch


def expected(row, candidates):
    """By a loop."""
    best = -1
    for position in np.flatnonzero(candidates).tolist():
        if best < 0 or row[position] > row[best]:
            best = position
    return best


@pytest.fixture
def drawn():
    """Attention with many ties [5, 3, 9, 9], and candidates [5, 9], none in the last sentence."""
    rng = np.random.default_rng(4)
    candidates = rng.random((5, 9)) < 0.6
    candidates[4] = False
    values = np.array([0, 1e-30, 0.25, 0.5, np.nextafter(np.float32(0.5), 1)], np.float32)
    return rng.choice(values, (5, 3, 9, 9)), candidates


def test_a_row_a_sentence_and_many_sentences_find_what_a_loop_finds(drawn):
    attention, candidates = drawn
    looped = np.array(
        [[[expected(row, own) for row in head] for head in sentence] for sentence, own in zip(*drawn, strict=True)]
    )
    assert np.array_equal(max_attention(attention, candidates[:, None, None]), looped)
    for sentence, own, found in zip(attention, candidates, looped, strict=True):
        assert np.array_equal(max_attention(sentence, own), found)
        assert int(max_attention(sentence[0, 2], own)) == found[0, 2]
    assert (looped[4] == -1).all()


def test_without_candidates_named_every_position_is_one(drawn):
    attention, _ = drawn
    assert np.array_equal(max_attention(attention), max_attention(attention, np.ones(9, bool)))
    assert max_attention(np.full(4, 0.25)) == 0  # the lowest of equals
    assert max_attention(np.zeros((3, 0))).tolist() == [-1, -1, -1]


def test_pytorch_finds_what_numpy_finds(drawn):
    attention, candidates = drawn
    weights, own = torch.from_numpy(attention), torch.from_numpy(candidates)
    found = max_attention_batch(weights, own, torch.empty_like(weights)).numpy()
    assert np.array_equal(found[:4], max_attention(attention, candidates[:, None, None])[:4])
    assert np.array_equal(weights.numpy(), attention)  # it works in other memory
    assert np.array_equal(first_argmax(weights).numpy(), weights.argmax(-1).numpy())


def test_candidates_are_the_pieces_with_a_word_that_the_rule_leaves(monkeypatch):
    def sentence():
        return AnnotatedPieces(
            word_of_piece=np.array([-1, 0, 0, 1, -1]),
            special=np.array([True, False, False, False, True]),
            head=np.array([0, 0]),
            dep=("ROOT", "punct"),
            lemma=("run", "."),
            pos=("VERB", "PUNCT"),
            labels={"ent_type": ("", "")},
        )

    assert sentence().candidates.tolist() == [False, True, True, True, False]
    assert sentence().label("ent_type").tolist() == ["", "", ""]
    monkeypatch.setattr(rule, "candidates", lambda pieces: pieces.label("pos") != "PUNCT")
    assert sentence().candidates.tolist() == [False, True, True, False, False]
