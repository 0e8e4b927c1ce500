"""From labels to histograms."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import Any

import numpy as np

from .significance import LEVEL, bootstrap_shares, false_discovery_rates, hypergeometric_p, usual_when_absent


class Population(dict[str, int]):
    """How often each label occurs among the tokens that a base rate is taken over; must not change once it is used."""

    @cached_property
    def size(self) -> int:
        return sum(self.values())

    @cached_property
    def ranked(self) -> list[str]:
        """Labels, most frequent first."""
        return sorted(self, key=self.__getitem__, reverse=True)


@dataclass(frozen=True)
class Bar:
    """One label of a histogram. docs/statistics.md explains each number by an example."""

    label: str
    count: int
    share: float  # of the counted tokens
    base_rate: float  # see docs/design.md, section 1
    lift: float  # share / base_rate; inf for a label that the base never shows
    low: float  # of the 95 % bootstrap interval of the share
    high: float
    p: float  # two-sided, hypergeometric: so odd a count among so many tokens taken blindly from the base
    q: float  # p, corrected for all labels that could have been shown (Benjamini & Hochberg 1995)

    @property
    def significant(self) -> bool:
        """Whether the share can be told from the base rate, at a false discovery rate of 5 %."""
        return self.q < LEVEL

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON, which has no infinity: then `lift` is None."""
        return {
            "label": self.label,
            "count": self.count,
            "share": round(self.share, 6),
            "low": round(self.low, 6),
            "high": round(self.high, 6),
            "base_rate": round(self.base_rate, 6),
            "lift": round(self.lift, 4) if math.isfinite(self.lift) else None,
            "p": self.p,
            "q": self.q,
            "significant": self.significant,
        }


def histogram(labels: Iterable[str], base_counts: Mapping[str, int], by_value: bool = False) -> tuple[Bar, ...]:
    """Count labels and set them against their base rate.

    :param labels: one label per counted token.
    :param base_counts: how often each label occurs in the population that the base rate is taken over, and that the
        counted tokens are a part of.
    :param by_value: order bars by the label's integer value (offsets) instead of by count.
    :return: bars, most frequent first (ties by label), or by value.
    """
    counts = Counter(labels)
    total = sum(counts.values())
    if not total:
        return ()
    population = base_counts if isinstance(base_counts, Population) else Population(base_counts)
    intervals = bootstrap_shares(total)

    def bar(label: str, count: int, p: float, q: float) -> Bar:
        share, base = count / total, population.get(label, 0) / population.size if population else 0.0
        return Bar(label, count, share, base, share / base if base else math.inf, *intervals[count], p, q)

    chances = _chances(counts, population, total)
    bars = [bar(label, count, *chance) for (label, count), chance in zip(counts.items(), chances, strict=True)]
    return tuple(sorted(bars, key=lambda b: int(b.label) if by_value else (-b.count, b.label)))


def _chances(counts: Mapping[str, int], population: Population, total: int) -> list[tuple[float, float]]:
    """p and q of every counted label, in their order.

    The correction is for every label that the histogram could have shown. For those it does show alone it would be too
    weak: of five thousand rare words some are always among fifty tokens, and each of them looks like a finding.
    """
    size = population.size
    awaited = takewhile(lambda label: not usual_when_absent(population[label], total, size), population.ranked)
    absent = [label for label in awaited if label not in counts]  # the other absent ones have p = 1
    observed = np.array([*counts.values(), *(0 for _ in absent)])
    inside = np.array([population.get(label, 0) for label in (*counts, *absent)])
    p = hypergeometric_p(observed, inside, total, size)
    q = false_discovery_rates(p, tests=len(population) + sum(label not in population for label in counts))
    return list(zip(p.tolist()[: len(counts)], q.tolist(), strict=False))
