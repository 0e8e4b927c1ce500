"""The pattern of a head against loops that say the same."""

import numpy as np
import pytest

from exbert_hub.analysis.head_pattern import (
    DISTANCE_EDGES,
    PatternSums,
    buckets,
    distance_histogram,
    even,
    induction,
    repeated,
    strength,
)


@pytest.fixture
def sentences() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.dirichlet(np.ones(size), (2, size)) for size in (1, 4, 9)]


def test_means_over_all_pieces_of_all_sentences(sentences):
    sums = PatternSums(2)
    for attention in sentences:
        sums.add(attention)
    for head, pattern in enumerate(sums.means()):
        rows = [(i, row) for attention in sentences for i, row in enumerate(attention[head])]
        far = [(abs(i - j), weight) for i, row in rows for j, weight in enumerate(row)]
        mean = sum(d * w for d, w in far) / len(rows)
        assert pattern.self_attention == pytest.approx(np.mean([row[i] for i, row in rows]))
        assert pattern.previous == pytest.approx(np.mean([row[i - 1] for i, row in rows if i]))
        assert pattern.entropy == pytest.approx(np.mean([-(row * np.log(row)).sum() for _, row in rows]))
        assert pattern.distance == pytest.approx(mean)
        assert pattern.distance_variance == pytest.approx(sum((d - mean) ** 2 * w for d, w in far) / len(rows))


def test_a_head_of_one_offset_has_no_variance_and_no_entropy():
    sums = PatternSums(1)
    sums.add(np.eye(6)[None])
    assert sums.means() == ((1, 0, 0, 0, 0),)
    shifted = PatternSums(1)
    shifted.add(np.eye(6, k=-1)[None])  # the first row is empty
    assert shifted.means()[0].previous == 1


def test_no_sentence_no_pattern():
    assert PatternSums(1).means() == ((0, 0, 0, 0, 0),)


def test_distances_fall_into_bins_and_apart_by_direction(sentences):
    attention = sentences[-1][0]
    before, behind = distance_histogram(attention)
    for low, high, own, other in zip(DISTANCE_EDGES, DISTANCE_EDGES[1:], before, behind, strict=False):
        near = [(i, j) for i in range(9) for j in range(9) if low <= abs(i - j) < high]
        assert own == pytest.approx(sum(attention[i, j] for i, j in near if j <= i))
        assert other == pytest.approx(sum(attention[i, j] for i, j in near if j > i))
    assert before.sum() + behind.sum() == pytest.approx(9)
    assert distance_histogram(np.tril(attention))[1].sum() == 0


def test_an_induction_head_is_one_and_others_are_not():
    ids, special = np.array([101, 7, 5, 9, 7, 5, 9, 102]), np.zeros(8, bool)
    special[[0, -1]] = True
    perfect = np.zeros((8, 8))
    perfect[[4, 5, 6], [2, 3, 4]] = 1  # the second 7 looks at the first 5, and so on
    same = np.zeros((8, 8))
    same[[4, 5, 6], [1, 2, 3]] = 1  # it looks at the first 7
    assert repeated(ids, special) == 3
    assert (induction(np.stack([perfect, same]), ids, special) / 3).tolist() == [1, 0]
    assert induction(perfect[None] * 0.005, ids, special, threshold=0.01).tolist() == [0]


def test_a_piece_that_occurred_twice_counts_both_places_and_special_tokens_none():
    ids, special = np.array([1, 4, 1, 8, 1, 9, 9]), np.zeros(7, bool)
    special[5:] = True
    attention = np.full((1, 7, 7), 0.1)
    # the second 1: after the first; the third: after the first and after the second; special tokens repeat nothing
    assert induction(attention, ids, special)[0] == pytest.approx(0.3)
    assert repeated(ids, special) == 2
    assert induction(attention, ids, np.ones(7, bool))[0] == 0


def test_strength_leaves_the_first_piece_and_what_is_no_candidate_out():
    attention = np.random.default_rng(1).random((3, 6, 6))
    attention[:, 0], attention[:, :, 5] = 9, 9
    found = strength(attention, np.array([0, 1, 3]))
    assert np.array_equal(found, attention[:, [1, 3]][:, :, [1, 3]].max((1, 2)))
    assert strength(attention, np.array([0])).tolist() == [0, 0, 0]


def test_buckets_hold_everything_from_weak_to_strong():
    strengths = np.array([0.5, 0.1, 0.9, 0.3, 0.7, 0.2])
    found = buckets(strengths, 5)
    assert sorted(np.concatenate(found).tolist()) == list(range(6))
    assert [strengths[part].tolist() for part in found] == [[0.1, 0.2], [0.3], [0.5], [0.7], [0.9]]
    assert [len(part) for part in buckets(strengths[:2], 5)] == [1, 1, 0, 0, 0]


def test_even_takes_all_or_spreads():
    assert even(3, 10).tolist() == [0, 1, 2]
    assert even(10, 4).tolist() == [0, 2, 5, 7]
    assert even(0, 4).tolist() == []
