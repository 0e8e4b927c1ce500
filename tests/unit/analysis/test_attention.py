"""Definitions of docs/glossary.md and docs/contracts.md, each against a few lines of plain Python."""

import numpy as np
import pytest

from exbert_hub.analysis.attention import (
    aggregate,
    coarsen,
    decode_sqrt,
    encode_sqrt,
    thumbnail,
)
from exbert_hub.analysis.vectors import head_query, normalise

from ...page_maths import head_matrices, merge_words, top_edges


@pytest.fixture
def attention() -> np.ndarray:
    logits = np.random.default_rng(0).normal(size=(4, 9, 9)) * 2
    weights = np.exp(logits)
    return (weights / weights.sum(-1, keepdims=True)).astype(np.float32)


def test_coded_attention_is_exact_up_to_a_quantisation_step(attention):
    restored = decode_sqrt(encode_sqrt(attention))
    # half a step of the root on either side: (r + d)^2 - r^2 with d = 1 / 510
    assert np.all(np.abs(restored - attention) <= np.sqrt(attention) / 255 + 1 / 510**2 + 1e-7)
    assert decode_sqrt(encode_sqrt(np.array([0.0, 1.0]))).tolist() == [0.0, 1.0]


def test_long_rows_keep_their_mass():
    rows = np.random.default_rng(1).dirichlet(np.full(512, 0.1), size=64).astype(np.float32)
    kept = decode_sqrt(encode_sqrt(rows)).sum(1)
    assert kept.mean() == pytest.approx(1, abs=0.01)


def test_aggregate_is_a_sum_that_is_never_renormalised(attention):
    expected = attention[1] + attention[3]
    np.testing.assert_allclose(aggregate(attention, [1, 3]), expected)
    assert aggregate(attention, [1, 3]).sum(-1) == pytest.approx(np.full(9, 2.0), rel=1e-5)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 0.95, 1.0])
def test_top_edges_keep_the_crossing_edge(attention, share):
    visible = np.array([False, True, True, True, False, True, True, True, False])
    weights = aggregate(attention, [0, 2])
    edges = top_edges(weights, share, visible)
    for source in range(9):
        targets = [n for n in range(9) if visible[n]] if visible[source] else []
        ranked = sorted(targets, key=lambda n: -weights[source, n])
        limit, running, expected = share * sum(weights[source, n] for n in targets), 0.0, set()
        for target in ranked:
            if running >= limit - 1e-9:
                break
            running += weights[source, target]
            expected.add(target)
        assert set(np.flatnonzero(edges[source])) == expected


def test_head_matrices_are_means_over_visible_pieces(attention):
    visible = np.array([True] * 7 + [False] * 2)
    out, into = head_matrices(attention, visible)
    assert out.shape == into.shape == (9, 4)
    assert out[2, 1] == pytest.approx(np.mean([attention[1, 2, n] for n in range(7)]), rel=1e-5)
    assert into[2, 1] == pytest.approx(np.mean([attention[1, n, 2] for n in range(7)]), rel=1e-5)
    assert not out[7:].any() and not into[7:].any()


def test_attention_to_a_word_is_the_sum_and_from_a_word_the_mean_over_its_pieces(attention):
    rows, cols = [0, 0, 1, 2, 2, 2, 3, 4, 4], [0, 1, 2, 2, 2, 2, 3, 4, 5]
    merged = merge_words(attention, rows, cols)
    assert merged.shape == (4, 5, 6)
    for word in range(5):
        pieces = [i for i in range(9) if rows[i] == word]
        for other in range(6):
            to = [attention[:, i, [j for j in range(9) if cols[j] == other]].sum(-1) for i in pieces]
            np.testing.assert_allclose(merged[:, word, other], np.mean(to, axis=0), rtol=1e-5)
    np.testing.assert_allclose(merged.sum(-1), 1, rtol=1e-5)


def test_head_query_is_the_mean_cosine_over_the_chosen_heads():
    rng = np.random.default_rng(2)
    query, stored = rng.normal(size=(5, 8)), rng.normal(size=(5, 8))
    inner = head_query(query, [1, 4]) @ normalise(stored).reshape(-1)
    cosines = [query[h] @ stored[h] / np.linalg.norm(query[h]) / np.linalg.norm(stored[h]) for h in (1, 4)]
    assert inner == pytest.approx(np.mean(cosines), rel=1e-5)
    assert head_query(query) @ head_query(query) == pytest.approx(1 / 5, rel=1e-5)


def test_zero_vectors_stay_zero():
    assert not normalise(np.zeros((2, 3))).any()


@pytest.mark.parametrize("size", [1, 3, 7, 20])
def test_a_thumbnail_keeps_the_largest_of_what_shares_a_cell(size):
    codes = np.random.default_rng(3).integers(0, 256, (2, 12, 9), dtype=np.uint8)
    rows, cols = [0, 2, 3, 5, 6, 8, 11], [1, 2, 4, 5, 8]
    height, width = min(size, len(rows)), min(size, len(cols))
    expected = np.zeros((2, height, width), np.uint8)
    for head in range(2):
        for i, row in enumerate(rows):
            for j, col in enumerate(cols):
                cell = head, i * height // len(rows), j * width // len(cols)
                expected[cell] = max(expected[cell], codes[head, row, col])
    assert np.array_equal(thumbnail(codes, rows, cols, size), expected)


def test_coarse_codes_keep_the_strongest_piece_of_each_head_and_the_largest_values():
    rng = np.random.default_rng(5)
    weights = rng.dirichlet(np.full(21, 0.3), size=(8, 21))  # [H, N, N]
    codes = encode_sqrt(weights)
    coarse = coarsen(codes)
    kept = [slice(0, 21), slice(1, 21), slice(1, 20), slice(0, 20)]  # with and without special tokens at the ends
    for columns in kept:
        assert np.array_equal(coarse[..., columns].argmax(-1), codes[..., columns].argmax(-1))
    largest = np.argsort(-codes, axis=-1, kind="stable")[..., :4]
    assert np.array_equal(np.take_along_axis(coarse, largest, -1), np.take_along_axis(codes, largest, -1))
    assert np.abs(coarse.astype(int) - codes).max() <= 2
    assert len(np.unique(coarse)) < len(np.unique(codes))
    assert np.array_equal(coarsen(codes[..., :1, :1]), codes[..., :1, :1])
