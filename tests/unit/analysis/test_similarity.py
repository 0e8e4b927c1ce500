"""Rankings, representations and word attention against their definitions written out."""

import numpy as np
import pytest

from exbert_hub.analysis.attention import word_attention
from exbert_hub.analysis.similarity import jaccard, linear_cka, rbo

RANDOM = np.random.default_rng(0)


def rbo_ext(one: list[int], other: list[int], p: float) -> float:
    """Equation 32 of Webber et al. 2010, term by term."""
    short, long = sorted((one, other), key=len)
    s, end = len(short), len(long)

    def overlap(depth: int) -> int:
        return len(set(short[:depth]) & set(long[:depth]))

    first = sum(overlap(d) / d * p**d for d in range(1, end + 1))
    second = sum(overlap(s) * (d - s) / (s * d) * p**d for d in range(s + 1, end + 1))
    last = ((overlap(end) - overlap(s)) / end + overlap(s) / s) * p**end
    return (1 - p) / p * (first + second) + last


@pytest.mark.parametrize("p", [0.5, 0.9, 0.98])
@pytest.mark.parametrize("lengths", [(1, 1), (5, 5), (50, 50), (3, 9), (48, 50)])
def test_rbo_is_equation_32(p: float, lengths: tuple[int, int]) -> None:
    for _ in range(20):
        one, other = (RANDOM.permutation(60)[:length].tolist() for length in lengths)
        assert rbo(one, other, p) == pytest.approx(rbo_ext(one, other, p))
        assert rbo(one, other, p) == rbo(other, one, p)


def test_rbo_of_known_rankings() -> None:
    assert rbo("abcde", "abcde", 0.9) == pytest.approx(1)
    assert rbo("abc", "xyz", 0.9) == 0
    assert rbo("ab", "ba", 0.5) == pytest.approx(0.5 * (0 + 0.5 * 1) + 0.25)
    assert rbo("abcd", "abdc", 0.9) > rbo("abcd", "bacd", 0.9)  # the top counts more
    assert rbo("ab", "abcd", 0.9) == pytest.approx(1)  # nothing speaks against it
    assert (rbo("", "", 0.9), rbo("", "a", 0.9)) == (1, 0)


def test_the_weights_of_the_first_ranks_are_those_that_are_documented() -> None:
    """Two rankings that agree on exactly the first ranks, and on nothing behind, for ever."""
    for p, ranks, share in ((0.9, 10, 0.86), (0.98, 50, 0.85)):
        depths = np.arange(1, 5000)
        weight = (1 - p) * (p ** (depths - 1) * np.minimum(ranks / depths, 1)).sum()
        assert weight == pytest.approx(share, abs=0.005)


def test_jaccard() -> None:
    assert jaccard([1, 2, 3], [3, 4]) == 0.25
    assert (jaccard([], []), jaccard([1], []), jaccard("ab", "ba")) == (1, 0, 1)


def test_linear_cka_is_the_alignment_of_centred_kernels() -> None:
    x, y = RANDOM.normal(size=(40, 6)), RANDOM.normal(size=(40, 9))
    y[:, :3] += x[:, :3]
    centre = np.eye(40) - 1 / 40
    k, m = centre @ x @ x.T @ centre, centre @ y @ y.T @ centre
    expected = np.trace(k @ m) / np.sqrt(np.trace(k @ k) * np.trace(m @ m))  # HSIC, equation 3 of Kornblith et al.
    assert linear_cka(x, y) == pytest.approx(expected)
    assert 0.05 < expected < 0.95


def test_linear_cka_of_known_representations() -> None:
    x = RANDOM.normal(size=(50, 4))
    rotation = np.linalg.qr(RANDOM.normal(size=(4, 4)))[0]
    assert linear_cka(x, 3 * x @ rotation + 7) == pytest.approx(1)
    one, other = np.array([[1.0], [-1], [1], [-1]]), np.array([[1.0], [1], [-1], [-1]])
    assert linear_cka(one, other) == pytest.approx(0)
    assert linear_cka(x, np.ones((50, 2))) == 0
    assert linear_cka(x.astype(np.float16), x) == pytest.approx(1, abs=1e-3)


def test_attention_between_words_sums_over_targets_and_averages_over_sources() -> None:
    attention = np.array([[[0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1], [0.25] * 4, [0.7, 0.1, 0.1, 0.1]]])
    words = np.array([-1, 0, 0, 1])
    expected = [[(0.3 + 0.2 + 0.25 + 0.25) / 2, (0.1 + 0.25) / 2], [0.2, 0.1]]
    np.testing.assert_allclose(word_attention(attention, words, 2)[0], expected)
