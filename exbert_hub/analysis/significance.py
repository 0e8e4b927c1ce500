"""Is it more than chance? Exact tests, their correction for many labels, and intervals. See docs/statistics.md."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

LEVEL = 0.05
"""False discovery rate below which a finding counts as one."""

_ALIKE = 1 + 1e-7  # outcomes as likely as the observed one, but for rounding; as in scipy.stats.fisher_exact
_BLOCK = 1 << 20  # likelihoods held at a time
_ROUNDING = 1e-6  # of sums of single-precision numbers: what is no larger is no excess


def hypergeometric_p(counts: np.ndarray, base_counts: np.ndarray, drawn: int, population: int) -> np.ndarray:
    """Chance that `drawn` tokens, drawn blindly from the population without replacement, would hold a label a number
    of times as unlikely as they do, or more so: the two-sided p-value of Fisher's exact test (Fisher 1934,
    section 21.02; the definition of `scipy.stats.fisher_exact` and of R's `fisher.test`).

    :param counts: int [N], how many of the drawn tokens have each label.
    :param base_counts: int [N], how many tokens of the population have it.
    :return: float64 [N]; 0 where the population cannot give such a count at all.
    """
    if drawn > population:
        return np.zeros(len(counts))
    codes = np.asarray(base_counts, np.int64) * (drawn + 1) + counts  # many labels are alike
    alike, where = np.unique(codes, return_inverse=True)
    inside, seen = np.divmod(alike, drawn + 1)
    rows = max(1, _BLOCK // (drawn + 1))
    blocks = [
        _two_sided(seen[at : at + rows], inside[at : at + rows, None], drawn, population)
        for at in range(0, len(alike), rows)
    ]
    return np.concatenate(blocks)[where] if blocks else np.zeros(0)


def _two_sided(seen: np.ndarray, inside: np.ndarray, drawn: int, population: int) -> np.ndarray:
    outcomes = np.arange(drawn + 1)
    # scipy.stats.hypergeom.pmf says the same: 79 ms instead of 0.06 for 17 labels among 50 of 37,000 tokens
    ways = _log_choose(inside, outcomes) + _log_choose(population - inside, drawn - outcomes)
    likelihood = np.exp(ways - _log_choose(population, drawn))
    own = likelihood[np.arange(len(seen)), seen]
    return np.minimum(1.0, np.where(likelihood <= own[:, None] * _ALIKE, likelihood, 0).sum(1))


def _log_choose(of: Any, chosen: Any) -> Any:
    """Logarithm of the binomial coefficient, -inf where so many cannot be chosen."""
    from scipy.special import gammaln

    return gammaln(of + 1) - gammaln(chosen + 1) - gammaln(of - chosen + 1)


def unusual_when_absent(drawn: int, population: int) -> int:
    """How often a label must at least occur in the population for its absence among the drawn tokens to mean anything:
    of a rarer one, none is the likeliest number, so that p = 1.
    """
    return -(-(population + 2) // (drawn + 1)) - 1


def false_discovery_rates(p: np.ndarray, tests: int | None = None) -> np.ndarray:
    """The smallest false discovery rate at which each finding would still count (Benjamini & Hochberg 1995).

    :param p: p-values, float [N].
    :param tests: how many tests were made in all, if more than N: the others had p = 1.
    """
    # scipy.stats.false_discovery_control says the same: 85 µs instead of 6 for 17 labels; a search shows 20 histograms
    if not len(p):
        return np.zeros(0)
    falling = np.argsort(p)[::-1]
    rates = p[falling] * (len(p) if tests is None else tests) / np.arange(len(p), 0, -1)
    q = np.empty(len(p))
    q[falling] = np.minimum(1.0, np.minimum.accumulate(rates))
    return q


@lru_cache(maxsize=64)
def bootstrap_shares(total: int) -> tuple[tuple[float, float], ...]:
    """95 % percentile bootstrap intervals of a share, for every count of 0 to `total`.

    Tokens drawn again from `total` with replacement hold a label of share s as often as `Binomial(total, s)` says. Its
    quantiles are the interval that ever more replicates come to (Efron & Tibshirani 1993, section 13.3): nothing is
    left to a random seed.
    """
    from scipy.stats import binom

    counts = np.arange(total + 1)
    low, high = (binom.ppf(quantile, total, counts / total) / total for quantile in (0.025, 0.975))
    return tuple(zip(low.tolist(), high.tolist(), strict=True))


def excess_p(excess: np.ndarray, variance: np.ndarray, sentences: np.ndarray) -> np.ndarray:
    """Chance that a blind head would come out as far above what is expected: one-sided, by Student's t.

    The tokens of one sentence depend on each other, so they are not independent trials; sentences are.

    :param excess: what was counted or summed up over all sentences, less what was expected.
    :param variance: of it, for which see `variance_between` and `variance_of_trials`.
    :param sentences: sentences that could have contributed; with fewer than two p is 1.
    :return: float64, of the shape that the arguments have together.
    """
    from scipy.special import stdtr  # what scipy.stats.t.sf asks, without its checks

    score = np.divide(excess, np.sqrt(variance), out=np.zeros(np.shape(excess)), where=variance > 0)
    return np.where(sentences > 1, stdtr(np.maximum(sentences - 1, 1), -score), 1.0)


def variance_between(excess: np.ndarray, squares: np.ndarray, sentences: np.ndarray) -> np.ndarray:
    """Variance of a sum over sentences, however its terms depend on each other within them (Liang & Zeger 1986).

    :param squares: sum over the sentences of the squared excess of each.
    """
    about_the_mean = np.maximum(squares - np.square(excess) / np.maximum(sentences, 1), _ROUNDING * squares)
    return about_the_mean * sentences / np.maximum(sentences - 1, 1)


def variance_of_trials(expected: np.ndarray, trials: np.ndarray) -> np.ndarray:
    """Variance of a count of independent trials; no smaller than that is the variance of any blind count, though the
    empirical one of a label that is always found, or never, is 0.
    """
    share = np.clip(np.divide(expected, trials, out=np.zeros(np.shape(expected)), where=trials > 0), 0, 1)
    return trials * share * (1 - share)
