"""The outcome of a search: matches, what they have in common, and tables to take away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from exbert_hub.analysis.histogram import Counted, histograms
from exbert_hub.errors import LabelError, SelectionError
from exbert_hub.index.format.result_columns import record_of
from exbert_hub.index.format.types import Of
from exbert_hub.index.results.matches_html import matches_html
from exbert_hub.index.results.types import Match, Summary

from .protocols import BaseRateSource
from .query import Query

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Matches(Sequence[Match]):
    """The nearest corpus pieces, best first."""

    query: Query
    matches: tuple[Match, ...]
    left_out: Mapping[str, int]  # why nearer pieces were left out, and how many
    labels: tuple[str, ...]
    _base: BaseRateSource = field(compare=False)

    def __len__(self) -> int:
        return len(self.matches)

    def __getitem__(self, rank: Any) -> Any:
        return self.matches[rank]

    def __iter__(self) -> Iterator[Match]:
        return iter(self.matches)

    def __repr__(self) -> str:
        scores = f", scores {self[0].score:.3f} to {self[-1].score:.3f}" if self.matches else ""
        return f"<{len(self)} matches for {self.query}{scores}>"

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        summaries = self.summaries([(name, "match") for name in ("pos", "dep") if name in self.labels])
        return matches_html(str(self.query), self.matches, self.left_out, summaries)

    def summary(self, field: str, of: Of = "match") -> Summary:
        """Histogram of a label over the matches, their max-attention tokens or the tokens that follow them.

        :param field: a label column, or "offset" for the max-attention token.
        :param of: whose label is counted. Tokens that do not exist (no stored attention, end of the sentence) are not
            counted; `Summary.total` says how many were.
        :raises LabelError: if the index has no such label.
        :raises SelectionError: for an unknown `of`.
        """
        return self.summaries([(field, of)])[0]

    def summaries(self, wanted: Sequence[tuple[str, Of]] | None = None) -> tuple[Summary, ...]:
        """Several histograms, as `summary` makes them, in much less time than one by one.

        :param wanted: field and whose; if None those worth a first look: POS and DEP of the matches and, where
            attention is stored, of their max-attention tokens, with the offsets of the latter.
        """
        if wanted is None:
            wanted = [("pos", "match"), ("dep", "match")]
            if any(match.max_attention is not None for match in self):
                wanted += [("pos", "max_attention"), ("dep", "max_attention"), ("offset", "max_attention")]
        counted = [self._counted(field, of) for field, of in wanted]
        return tuple(
            Summary(field, of, len(one.labels), bars)
            for (field, of), one, bars in zip(wanted, counted, histograms(counted), strict=True)
        )

    def _counted(self, field: str, of: Of) -> Counted:
        if of not in ("match", "max_attention", "next"):
            raise SelectionError(f"of={of!r} is unknown: choose 'match', 'max_attention' or 'next'")
        if field == "offset":
            if of != "max_attention":
                raise LabelError("offset is the distance of the max-attention token: ask with of='max_attention'")
            offsets = [str(match.offset) for match in self if match.offset is not None]
            return Counted(offsets, self._base.offset(self._layer, self.query.heads) if offsets else {}, by_value=True)
        if field not in self.labels:
            raise LabelError(f"the index has no label {field!r}; it has {', '.join(self.labels)}")
        values = [labels[field] for match in self if (labels := _labels_of(match, of)) is not None]
        return Counted(values, self._base_counts(field, of) if values else {})

    def to_dict(self, summaries: bool = True) -> dict[str, Any]:
        """Everything but the arrays, ready for JSON.

        :param summaries: with those of `summaries()`.
        """
        content = {
            "query": vars(self.query) | {"heads": list(self.query.heads)},
            "left_out": dict(self.left_out),
            "matches": self.records(),
        }
        return content | ({"summaries": [one.to_dict() for one in self.summaries()]} if summaries else {})

    def records(self) -> list[dict[str, Any]]:
        """One row per match; labels of the max-attention token are prefixed with `max_attention_`."""
        return [record_of(match) for match in self]

    def to_pandas(self) -> pd.DataFrame:
        """`records` as a table."""
        import pandas as pd

        return pd.DataFrame.from_records(self.records())

    @property
    def _layer(self) -> int:
        if self.query.layer == "emb":
            raise SelectionError("the input embeddings have no attention: choose a layer")
        return self.query.layer

    def _base_counts(self, field: str, of: Of) -> Mapping[str, int]:
        if of == "match":
            return self._base.match(field)
        if of == "next":
            return self._base.next(field)
        return self._base.max_attention(field, self._layer, self.query.heads)


def _labels_of(match: Match, of: Of) -> Mapping[str, str] | None:
    if of == "match":
        return match.labels
    return match.max_attention_labels if of == "max_attention" else match.next_labels
