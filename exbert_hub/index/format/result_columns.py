"""The columns of results as tables: in `Matches.to_pandas` and `to_dict`, the API, CSV, JSON and Parquet alike.

This is the one list of them. Their names are also those that no label of a corpus may have.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any


@dataclass(frozen=True)
class ResultColumn:
    """One fact about a match."""

    name: str
    attribute: str  # of `search.results.Match`, with dots
    digits: int | None = None  # that a number is rounded to

    def of(self, match: Any) -> Any:
        value = attrgetter(self.attribute)(match)
        return value if self.digits is None else round(value, self.digits)


BEFORE_LABELS = (
    ResultColumn("rank", "rank"),
    ResultColumn("score", "score", digits=6),
    ResultColumn("row", "row"),
    ResultColumn("sentence", "sentence"),
    ResultColumn("position", "position"),
)
AFTER_LABELS = (
    ResultColumn("sentence_text", "context.text"),
    ResultColumn("max_attention", "max_attention"),
    ResultColumn("offset", "offset"),
)

_OF_MAX_ATTENTION = "max_attention_"  # and the name of a label: that of the max-attention token


def record_of(match: Any) -> dict[str, Any]:
    """A match as a row: the columns before the labels, its labels, the columns after them, then the labels of the
    max-attention token if it has one.

    A build refuses labels with the name of a column; an older index may have one, which then is called "label_…" here.

    :param match: a `search.results.Match`.
    """
    labels: Mapping[str, str] = match.labels
    attended: Mapping[str, str] = match.max_attention_labels or {}
    taken = set(reserved_names(labels))
    record = {column.name: column.of(match) for column in BEFORE_LABELS}
    record |= {f"label_{name}" if name in taken else name: value for name, value in labels.items()}
    record |= {column.name: column.of(match) for column in AFTER_LABELS}
    return record | {f"{_OF_MAX_ATTENTION}{name}": value for name, value in attended.items()}


def reserved_names(labels: Iterable[str]) -> Iterator[str]:
    """The names of columns that results have in addition to these labels."""
    for column in (*BEFORE_LABELS, *AFTER_LABELS):
        yield column.name
    for name in labels:
        yield f"{_OF_MAX_ATTENTION}{name}"
