"""Attention rollout against the recursion written out."""

import numpy as np

from exbert_hub.analysis.rollout import rollout


def test_rollout_is_the_product_of_half_attention_half_identity() -> None:
    random = np.random.default_rng(0)
    attention = random.dirichlet(np.ones(5), (3, 5))
    one, two, three = (0.5 * layer + 0.5 * np.eye(5) for layer in attention)
    np.testing.assert_allclose(rollout(attention), [one, two @ one, three @ two @ one], atol=1e-6)
    assert rollout(attention).dtype == np.float32


def test_rows_that_do_not_sum_to_one_are_normalised() -> None:
    """Attention sinks take a part of each row."""
    attention = np.array([[[0.2, 0.2], [0.0, 0.6]]])
    np.testing.assert_allclose(rollout(attention), [[[0.6 / 0.7, 0.1 / 0.7], [0.0, 1.0]]], atol=1e-6)


def test_pieces_that_nobody_attends_to_reach_only_themselves() -> None:
    first = np.zeros((4, 3, 3))
    first[:, :, 0] = 1
    np.testing.assert_allclose(rollout(first)[-1], [[1, 0, 0], [15 / 16, 1 / 16, 0], [15 / 16, 0, 1 / 16]], atol=1e-6)
