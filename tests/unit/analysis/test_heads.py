"""What a head does in one sentence, by hand; and the tests of excess against scipy."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom, ttest_1samp

from exbert_hub.analysis.attention import word_attention
from exbert_hub.analysis.heads import AnnotatedPieces, attended_words, entropy, relation
from exbert_hub.analysis.significance import excess_p, variance_between, variance_of_trials

from .head_definitions import blind_shares, hits_to_dependant, hits_to_head, max_attention_offsets

# [CLS] Dora saw ##ed Dora , she [SEP]
SENTENCE = AnnotatedPieces(
    word_of_piece=np.array([-1, 0, 1, 1, 2, 3, 4, -1]),
    special=np.array([True, *[False] * 6, True]),
    head=np.array([1, 1, 1, 1, -1]),
    dep=("nsubj", "ROOT", "dobj", "punct", "nsubj"),
    lemma=("Dora", "saw", "Dora", ",", "she"),
    pos=("PROPN", "VERB", "PROPN", "PUNCT", "PRON"),
    labels={},
)


@pytest.fixture
def attention() -> np.ndarray:
    weights = np.random.default_rng(0).dirichlet(np.ones(8), size=(2, 8))
    return weights


def test_to_a_word_the_sum_from_a_word_the_mean(attention):
    words = word_attention(attention, SENTENCE.word_of_piece, len(SENTENCE.head))
    assert words[1, 0, 1] == pytest.approx(attention[1, 1, 2] + attention[1, 1, 3])
    assert words[1, 1, 4] == pytest.approx((attention[1, 2, 6] + attention[1, 3, 6]) / 2)
    special = attention[:, [2, 3]][:, :, [0, 7]].sum((1, 2)) / 2
    np.testing.assert_allclose(words[:, 1].sum(-1) + special, 1)


def test_offsets_leave_special_tokens_out(attention):
    offsets = max_attention_offsets(attention, SENTENCE)
    for place, piece in enumerate(range(1, 7)):
        expected = max(range(1, 7), key=lambda other: attention[0, piece, other]) - piece
        assert offsets[0, place] == expected


def test_entropy_is_in_nats():
    assert entropy(np.array([[0.5, 0.5, 0], [1, 0, 0]])) == pytest.approx([np.log(2), 0])


def test_dependencies_in_both_directions():
    #                    Dora saw Dora , she
    attended = np.array([[1, 2, 1, 0, 3], [2, 3, 0, 1, 1]])
    assert hits_to_head(attended, SENTENCE).tolist() == [
        [True, False, True, False, False],
        [False] * 3 + [True, False],
    ]
    assert hits_to_dependant(attended, SENTENCE)[:, 1].tolist() == [True, True]
    assert hits_to_dependant(attended, SENTENCE).sum() == 2


def test_a_causal_head_is_asked_for_what_it_can_see():
    causal = replace(SENTENCE, causal=True)
    assert causal.seen_heads.tolist() == [False, False, True, True, False]
    assert causal.seen_dependants.tolist() == [True, False, False, False, False]
    assert attended_words(np.ones((1, 5, 5)), causal).tolist() == [[-1, 0, 0, 0, 0]]


def test_relations():
    def pairs(name):
        return np.argwhere(relation(name, SENTENCE)).tolist()

    assert pairs("same_lemma") == pairs("same_pos") == [[0, 2], [2, 0]]
    assert pairs("punctuation") == [[0, 3], [1, 3], [2, 3], [4, 3]]
    assert pairs("earlier_name") == [[2, 0], [4, 2]]  # the name again; for the pronoun the nearest name


def test_a_blind_choice_is_among_words_of_the_same_length():
    verb, names = np.array([0, 1, 0, 0, 0], bool), np.array([1, 0, 1, 0, 0], bool)
    attended = np.array([1, 0, 4, -1, 3])
    # the verb alone has two pieces; of one piece are both names, the comma and "she"
    assert blind_shares(attended, verb, SENTENCE) == pytest.approx([1, 0, 0, 0, 0])
    assert blind_shares(attended, names, SENTENCE) == pytest.approx([0, 2 / 4, 1 / 3, 0, 2 / 3])


def test_excess_over_sentences_is_a_t_test():
    excess = np.random.default_rng(1).normal(0.3, 1, (40, 5))
    n = np.full(5, 40)
    p = excess_p(excess.sum(0), variance_between(excess.sum(0), (excess**2).sum(0), n), n)
    np.testing.assert_allclose(p, ttest_1samp(excess, 0, alternative="greater").pvalue)
    assert excess_p(np.array([3.0]), np.array([1.0]), np.array([1])) == [1.0]  # one sentence proves nothing


def test_trials_have_the_variance_of_the_binomial():
    assert variance_of_trials(np.array([3.0, 0.0]), np.array([10, 0])) == pytest.approx([binom.var(10, 0.3), 0])
