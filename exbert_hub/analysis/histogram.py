"""From labels to histograms."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Bar:
    """One label of a histogram."""

    label: str
    count: int
    share: float  # of the counted tokens
    base_rate: float  # see docs/design.md, section 1
    lift: float  # share / base_rate; inf for a label that the base never shows


def histogram(labels: Iterable[str], base_counts: Mapping[str, int], by_value: bool = False) -> tuple[Bar, ...]:
    """Count labels and set them against their base rate.

    :param labels: one label per counted token.
    :param base_counts: how often each label occurs in the population that the base rate is taken over.
    :param by_value: order bars by the label's integer value (offsets) instead of by count.
    :return: bars, most frequent first (ties by label), or by value.
    """
    counts = Counter(labels)
    total, population = sum(counts.values()), sum(base_counts.values())

    def bar(label: str, count: int) -> Bar:
        share, base = count / total, base_counts.get(label, 0) / population if population else 0.0
        return Bar(label, count, share, base, share / base if base else math.inf)

    bars = [bar(label, count) for label, count in counts.items()]
    return tuple(sorted(bars, key=lambda b: int(b.label) if by_value else (-b.count, b.label)))
