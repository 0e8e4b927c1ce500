"""Which pieces may be a max-attention token is said once: matches, base rates, the subset finder, examples and the
measures of heads all follow."""

import numpy as np
import pytest

from exbert_hub import demo
from exbert_hub.analysis import max_attention as rule
from exbert_hub.index import CorpusIndex
from exbert_hub.index.format.head_schema import Column

from .head_sentences import count, random_attention, random_sentence


@pytest.fixture
def no_punctuation(monkeypatch):
    monkeypatch.setattr(rule, "candidates", lambda pieces: pieces.label("pos") != "PUNCT")


@pytest.fixture
def opened(index, no_punctuation):
    """The index, with nothing counted yet."""
    return CorpusIndex.from_pretrained(index.folder)


@pytest.fixture
def layer(index):
    """One at which head 3 attends to punctuation."""
    counts = [index.opened.searcher.base.max_attention("pos", layer, (3,)).get("PUNCT", 0) for layer in range(6)]
    assert max(counts) > 0
    return int(np.argmax(counts))


def test_searches_and_base_rates_leave_out_what_the_rule_leaves_out(layer, opened, inspector):
    seen = inspector.inspect(demo.SENTENCE, mask=["escape"])
    matches = opened.search(seen, "escape", by="heads", layer=layer, heads=[3], k=100)
    assert "PUNCT" not in {match.max_attention_labels["pos"] for match in matches}
    base = opened.opened.searcher.base
    assert "PUNCT" not in base.max_attention("pos", layer, (3,))
    assert sum(base.max_attention("pos", layer, (3,)).values()) == len(opened)
    assert sum(base.offset(layer, (3,)).values()) == len(opened)


def test_a_piece_without_a_candidate_has_no_max_attention_token(index, inspector, monkeypatch):
    monkeypatch.setattr(rule, "candidates", lambda pieces: pieces.label("text") == "never said")
    bare = CorpusIndex.from_pretrained(index.folder)
    matches = bare.search(inspector.inspect(demo.SENTENCE), "escape", by="heads", layer=5, k=5)
    assert [(match.max_attention, match.offset, match.max_attention_labels) for match in matches] == [(None,) * 3] * 5
    assert not len(bare.opened.searcher.base.max_attention("pos", 5, (3,)))
    assert not len(bare.opened.searcher.base.offset(5, (3,)))
    assert matches.summary("pos", of="max_attention").total == 0


def test_the_subset_finder_and_examples_follow(opened, inspector):
    seen = inspector.inspect(demo.SENTENCE, mask=["escape"])
    found = opened.find_heads(seen, "escape", "PUNCT", field="pos", layer=5)
    assert not found.best.heads  # none attends to punctuation, which is no candidate
    for example in opened.head_examples(5, 3, *Column("offset", "+1")[:2], k=50):
        assert any(character.isalnum() for character in example.words[1])


def test_measures_of_heads_count_pieces_that_have_a_candidate(no_punctuation):
    rng = np.random.default_rng(5)
    sentences = [random_sentence(rng, words, causal) for words in (1, 5, 8) for causal in (False, True)]
    for causal in (False, True):
        own = [sentence for sentence in sentences if sentence.causal == causal]
        attention = [random_attention(rng, sentence, 2) for sentence in own]
        sums = count(own, attention).sums
        offsets = range(7)
        for place, offset in zip(offsets, range(-3, 4), strict=True):
            hits, chances, asked = np.zeros(2), 0.0, 0
            for sentence, weights in zip(own, attention, strict=True):
                size = len(sentence.special)
                visible = np.tri(size, dtype=bool) if causal else np.ones((size, size), bool)
                may = visible & sentence.candidates
                for piece in sentence.positions:
                    if not may[piece].any():
                        continue
                    asked += 1
                    hits += [rule.max_attention(head[piece], may[piece]) - piece == offset for head in weights]
                    chances += 0 <= piece + offset < size and may[piece, piece + offset] / may[piece].sum()
            assert sums["counted"][place] == asked
            np.testing.assert_allclose(sums["total-00"][:, place], hits)
            np.testing.assert_allclose(sums["expected-00"][:, place], chances, rtol=1e-5)
