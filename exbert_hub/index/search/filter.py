"""Which of the nearest pieces a search leaves out, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple


class Place(NamedTuple):
    """Where a corpus piece stands."""

    sentence: int
    position: int
    text: str  # of the sentence


class Filter(NamedTuple):
    """Leaves out the query's own sentence and repetitions of a sentence, and counts what it left out."""

    query: str | None = None  # the text whose own sentences are left out
    unique: bool = False  # whether sentences with the same text count once

    @property
    def active(self) -> bool:
        return self.query is not None or self.unique

    def __call__(self, places: Sequence[Place], k: int) -> tuple[list[int], Counter[str]]:
        """Which of the ranked places to keep, at most `k`, and what was left out before them."""
        kept: list[int] = []
        left_out: Counter[str] = Counter()
        seen: dict[tuple[str, int], int] = {}
        for number, (sentence, position, text) in enumerate(places):
            if len(kept) == k:
                break
            if self.query is not None and text.strip() == self.query.strip():
                left_out["query sentence"] += 1
            elif self.unique and seen.setdefault((text, position), sentence) != sentence:
                left_out["duplicate sentences"] += 1
            else:
                kept.append(number)
        return kept, left_out


EVERYTHING = Filter()
"""Leaves nothing out."""
