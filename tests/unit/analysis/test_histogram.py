"""Histograms: counts against base rates, and whether the difference is more than chance."""

import math
from collections import Counter

import numpy as np
import pytest
from scipy.stats import false_discovery_control, fisher_exact, hypergeom

from exbert_hub.analysis import significance
from exbert_hub.analysis.histogram import Counted, Population, histogram, histograms


def test_share_base_rate_and_lift():
    bars = histogram(["VERB", "NOUN", "VERB", "VERB"], {"VERB": 10, "NOUN": 30, "ADJ": 60})
    assert [bar.label for bar in bars] == ["VERB", "NOUN"]
    verb = bars[0]
    assert (verb.count, verb.share, verb.base_rate, verb.lift) == (3, 0.75, 0.1, pytest.approx(7.5))


def test_offsets_are_sorted_by_value():
    bars = histogram(["1", "-10", "1", "-2", "0"], {"1": 2, "-10": 1, "-2": 1, "0": 1}, by_value=True)
    assert [bar.label for bar in bars] == ["-10", "-2", "0", "1"]


def test_nothing_counted_has_no_bars():
    assert histogram([], {}) == histogram([], {"VERB": 3}) == ()


@pytest.mark.parametrize("drawn, population", [(1, 2), (7, 9), (50, 37302), (400, 500)])
def test_p_is_that_of_fishers_exact_test(drawn, population):
    rng = np.random.default_rng(drawn)
    base = rng.integers(1, population, 40)
    counts = rng.hypergeometric(base, population - base, drawn)
    found = significance.hypergeometric_p(counts, base, drawn, population)
    for p, count, inside in zip(found, counts, base, strict=True):
        table = [[count, inside - count], [drawn - count, population - inside - drawn + count]]
        assert p == pytest.approx(fisher_exact(table).pvalue, rel=1e-6)


def test_p_sums_the_outcomes_that_are_no_likelier():
    outcomes = hypergeom.pmf(np.arange(6), 30, 12, 5)
    for count in range(6):
        expected = outcomes[outcomes <= outcomes[count] * (1 + 1e-9)].sum()
        assert significance.hypergeometric_p(np.array([count]), np.array([12]), 5, 30) == pytest.approx(expected)


def test_many_labels_are_computed_block_by_block(monkeypatch):
    counts, base = np.arange(20) % 6, np.arange(20) * 3 + 5
    whole = significance.hypergeometric_p(counts, base, 9, 200)
    monkeypatch.setattr(significance, "_BLOCK", 25)
    np.testing.assert_array_equal(significance.hypergeometric_p(counts, base, 9, 200), whole)


def test_what_the_population_cannot_give_is_no_chance():
    assert significance.hypergeometric_p(np.array([4, 1]), np.array([3, 0]), 5, 30).tolist() == [0, 0]
    assert significance.hypergeometric_p(np.array([1]), np.array([1]), 5, 4).tolist() == [0]
    (bar,) = histogram(["VERB"], {"NOUN": 5})
    assert (bar.lift, bar.p, bar.q, bar.to_dict()["lift"]) == (math.inf, 0, 0, None)


def test_q_is_corrected_for_every_label_that_could_have_been_shown():
    population = {f"w{number}": number + 1 for number in range(60)} | {"the": 700, "a": 300}
    labels = ["w3", "w3", "w50", "w50", "w59", "the", "w7", "the", "w50", "w20"]
    counted, size = Counter(labels), sum(population.values())
    p = {
        label: fisher_exact([[n := counted[label], inside - n], [10 - n, size - inside - 10 + n]]).pvalue
        for label, inside in population.items()
    }
    q = dict(zip(p, false_discovery_control(list(p.values())), strict=True))
    for base in (population, Population.of(population)):
        for bar in histogram(labels, base):
            assert (bar.p, bar.q) == (pytest.approx(p[bar.label]), pytest.approx(q[bar.label]))
            assert bar.significant == (bar.q < 0.05)
    assert {bar.significant for bar in histogram(labels, population)} == {True, False}


def test_labels_that_are_absent_count_as_tests_too():
    """Some are so frequent that their absence is a finding of its own, the others have p = 1."""
    p = np.array([0.001, 0.01, 0.2])
    padded = false_discovery_control(np.concatenate([p, np.ones(17)]))[:3]
    np.testing.assert_allclose(significance.false_discovery_rates(p, tests=20), padded)
    np.testing.assert_allclose(significance.false_discovery_rates(p), false_discovery_control(p))
    crowded = np.array([0.02, 0.9, 0.01, 0.021])  # a rate is never above that of a larger p
    np.testing.assert_allclose(significance.false_discovery_rates(crowded), false_discovery_control(crowded))
    assert significance.false_discovery_rates(np.zeros(0)).tolist() == []
    for base in range(1, 60):
        usual = base < significance.unusual_when_absent(10, 300)
        assert not usual or fisher_exact([[0, base], [10, 290 - base]]).pvalue == pytest.approx(1), base


@pytest.mark.parametrize("total", [1, 12, 50])
def test_the_interval_is_what_drawing_the_matches_again_comes_to(total):
    intervals = significance.bootstrap_shares(total)
    assert len(intervals) == total + 1 and intervals[0] == (0, 0) and intervals[total] == (1, 1)
    rng = np.random.default_rng(0)
    for count in {1, total // 3, total // 2}:
        has_label = np.arange(total) < count
        drawn = has_label[rng.integers(0, total, (20_000, total))].mean(1)
        # a quantile between two counts falls on either of them
        np.testing.assert_allclose(intervals[count], np.quantile(drawn, [0.025, 0.975]), atol=1.01 / total)
    (low, high), bar = intervals[total // 3], {b.label: b for b in histogram("a" * (total // 3) + "b" * 99, {})}
    assert 0 <= low <= high <= 1 and bar["b"].low <= bar["b"].share <= bar["b"].high


@pytest.mark.parametrize("labels", ["few", "many"])
def test_tokens_drawn_blindly_are_seldom_called_a_finding(labels):
    """Over 400 histograms of 50 tokens: at most 5 % of them show one, up to 3 standard deviations."""
    rng = np.random.default_rng(5)
    shares = np.array([40, 25, 20, 10, 4, 1]) if labels == "few" else 1 / np.arange(1, 4000)
    tokens = rng.choice(len(shares), 20_000, p=shares / shares.sum()).astype(str)
    population = Population.of(Counter(tokens.tolist()))
    wrong = sum(
        any(bar.significant for bar in histogram(rng.choice(tokens, 50, replace=False).tolist(), population))
        for _ in range(400)
    )
    assert wrong <= 400 * 0.05 + 3 * math.sqrt(400 * 0.05 * 0.95)


def test_a_planted_finding_is_found():
    population = Population.of({"NOUN": 700, "VERB": 200, "ADJ": 100})
    found = {bar.label: bar for bar in histogram(["VERB"] * 30 + ["NOUN"] * 17 + ["ADJ"] * 3, population)}
    assert found["VERB"].significant and found["VERB"].low > found["VERB"].base_rate
    assert found["NOUN"].significant and found["NOUN"].lift < 1 and not found["ADJ"].significant


def test_several_histograms_at_once_are_those_made_one_by_one():
    small, large = {"a": 3, "b": 2, "c": 5}, Population.of({"a": 700, "b": 200, "c": 100, "d": 0})
    counted = [
        Counted(["a", "b", "a"], small),
        Counted([], large),
        Counted(["1", "-3", "1"], {"1": 9, "-3": 1}, by_value=True),
        Counted(["c", "c", "e"], large),
        Counted(["b"] * 50, large),
    ]
    assert histograms(counted) == [histogram(*one) for one in counted]
    assert (
        len(large) == 3 and list(large) == ["a", "b", "c"] and "d" not in large and large.at_least(200) == ["a", "b"]
    )
