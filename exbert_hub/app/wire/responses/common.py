"""What every message to the page is made of.

Messages are dictionaries, so that nothing is copied on the way into JSON, with a name for every field.
`wire/schema.py` makes a schema of them, to which tests hold the answers of the server and, by the same names, the
types of the scripts (`static/core/messages.d.ts`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ConfigDict
from typing_extensions import TypedDict

if TYPE_CHECKING:
    from exbert_hub.analysis.histogram import Bar
    from exbert_hub.model.types import Prediction

JsonObject = dict[str, Any]
Span = tuple[int, int]
"""Characters of a text, the last one not included."""
Layer = int | Literal["emb"]

_DIGITS = 4  # of a share: finer than any bar of the page


class Message(TypedDict):
    """What all of them are: a field that is not named is a mistake."""


Message.__pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[attr-defined]


class NoticeJson(Message):
    """Why there is no answer."""

    title: str
    message: str


class ScopeJson(Message):
    """What an answer belongs to, as the request names it."""

    model: str
    index: str


class PredictionJson(Message):
    """A candidate of the language-model head."""

    text: str
    probability: float


class BarJson(Message):
    """A label with its share of the results and its base rate in the corpus."""

    label: str
    count: int
    share: float
    base_rate: float
    lift: float | None  # None: the base never shows it
    q: float
    low: float  # of the 95 % interval of the share
    high: float
    significant: bool


def predictions_json(predictions: Iterable[Prediction]) -> list[PredictionJson]:
    """Candidates, likeliest first."""
    return [{"text": one.text, "probability": round(one.probability, _DIGITS)} for one in predictions]


def bar_json(bar: Bar) -> BarJson:
    """A label that the base never shows has an infinite lift, which JSON cannot say: None."""
    return {
        "label": bar.label,
        "count": bar.count,
        "share": round(bar.share, _DIGITS),
        "base_rate": round(bar.base_rate, _DIGITS + 1),
        "lift": bar.lift if math.isfinite(bar.lift) else None,
        "q": bar.q,
        "low": round(bar.low, _DIGITS),
        "high": round(bar.high, _DIGITS),
        "significant": bar.significant,
    }
