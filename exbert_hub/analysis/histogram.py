"""From labels to histograms."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from .significance import LEVEL, bootstrap_shares, false_discovery_rates, hypergeometric_p, unusual_when_absent


class Vocabulary:
    """Labels by number."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names

    @cached_property
    def codes(self) -> dict[str, int]:
        return {name: code for code, name in enumerate(self.names)}


class Population(Mapping[str, int]):
    """How often each label occurs among the tokens that a base rate is taken over.

    Of thousands of words a histogram asks for a few dozen, so they are no dictionary.

    :param counts: int [labels of the vocabulary].
    """

    def __init__(self, vocabulary: Vocabulary, counts: np.ndarray) -> None:
        self._vocabulary, self._counts = vocabulary, counts

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> Population:
        return cls(Vocabulary(list(counts)), np.array(list(counts.values()), np.int64))

    @cached_property
    def size(self) -> int:
        return int(self._counts.sum())

    def at_least(self, count: int) -> list[str]:
        """The labels that occur so often."""
        return [self._vocabulary.names[code] for code in np.flatnonzero(self._counts >= max(count, 1)).tolist()]

    def __getitem__(self, label: str) -> int:
        if count := int(self._counts[self._vocabulary.codes[label]]):
            return count
        raise KeyError(label)

    def __iter__(self) -> Iterator[str]:
        return iter(self.at_least(1))

    def __len__(self) -> int:
        return int(np.count_nonzero(self._counts))


@dataclass(frozen=True)
class Bar:
    """One label of a histogram. docs/statistics.md explains each number by an example."""

    label: str
    count: int
    share: float  # of the counted tokens
    base_rate: float  # see docs/glossary.md
    lift: float  # share / base_rate; inf for a label that the base never shows
    low: float  # of the 95 % bootstrap interval of the share
    high: float
    p: float  # two-sided, hypergeometric: chance of so unusual a count among tokens drawn blindly from the base
    q: float  # p, corrected for all labels that could have been shown (Benjamini & Hochberg 1995)

    @property
    def significant(self) -> bool:
        """Whether the share differs from the base rate, at a false discovery rate of 5 %."""
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


def histogram(labels: Sequence[str], base_counts: Mapping[str, int], by_value: bool = False) -> tuple[Bar, ...]:
    """One of `histograms`."""
    return histograms([Counted(labels, base_counts, by_value)])[0]


class Counted(NamedTuple):
    """What a histogram is made of."""

    labels: Sequence[str]  # one per counted token
    base_counts: Mapping[str, int]  # of the population that the counted tokens are a part of
    by_value: bool = False  # bars are ordered by the label's integer value (offsets) instead of by count


def histograms(counted: Sequence[Counted]) -> list[tuple[Bar, ...]]:
    """Count labels and set them against their base rates, which takes much less time for several at once.

    :return: of each its bars, most frequent first (ties by label), or by value.
    """
    drafts = [_Draft.of(Counter(one.labels), one.base_counts) for one in counted]
    p = _together(drafts)
    return [_bars(*both, one.by_value) for both, one in zip(zip(drafts, p, strict=True), counted, strict=True)]


class _Draft(NamedTuple):
    """The labels of a histogram, and those it could have shown.

    The correction is for every label that the histogram could have shown. For those it does show alone it would be too
    weak: of five thousand rare words some are always among fifty tokens, and each of them looks like a finding.
    """

    counts: Counter[str]
    total: int  # of them
    inside: np.ndarray  # int, how often the population has each of them, then each of the others whose absence matters
    size: int  # of the population
    tests: int  # labels that could have been shown

    @classmethod
    def of(cls, counts: Counter[str], base: Mapping[str, int]) -> _Draft:
        population = base if isinstance(base, Population) else Population.of(base)
        total, size = sum(counts.values()), population.size
        awaited = population.at_least(unusual_when_absent(total, size)) if total else []
        absent = [label for label in awaited if label not in counts]  # the other absent ones have p = 1
        inside = np.array([population.get(label, 0) for label in (*counts, *absent)], np.int64)
        tests = len(population) + int((inside[: len(counts)] == 0).sum())
        return cls(counts, total, inside, size, tests)

    def observed(self) -> np.ndarray:
        """How often the counted tokens have each label: int, as `inside`."""
        counts = np.zeros(len(self.inside), np.int64)
        counts[: len(self.counts)] = list(self.counts.values())
        return counts


def _together(drafts: Sequence[_Draft]) -> list[np.ndarray]:
    """p of each label of each; of one size of sample and population they are computed at once."""
    alike: dict[tuple[int, int], list[int]] = {}
    for number, draft in enumerate(drafts):
        alike.setdefault((draft.total, draft.size), []).append(number)
    values = [np.zeros(0)] * len(drafts)
    for (total, size), numbers in alike.items():
        observed = [drafts[number].observed() for number in numbers]
        inside = [drafts[number].inside for number in numbers]
        p = hypergeometric_p(np.concatenate(observed), np.concatenate(inside), total, size)
        for number, own in zip(numbers, np.split(p, np.cumsum(list(map(len, inside)))), strict=False):
            values[number] = own
    return values


def _bars(draft: _Draft, p: np.ndarray, by_value: bool) -> tuple[Bar, ...]:
    if not draft.total:
        return ()
    total, size, intervals = draft.total, draft.size, bootstrap_shares(draft.total)

    def bar(label: str, count: int, inside: int, p: float, q: float) -> Bar:
        share, base = count / total, inside / size if size else 0.0
        return Bar(label, count, share, base, share / base if base else math.inf, *intervals[count], p, q)

    q = false_discovery_rates(p, tests=draft.tests)
    columns = draft.counts, draft.counts.values(), draft.inside.tolist(), p.tolist(), q.tolist()
    bars = itertools.starmap(bar, zip(*columns, strict=False))  # those that are absent have no bar
    return tuple(sorted(bars, key=lambda b: int(b.label) if by_value else (-b.count, b.label)))
