"""What the page asks about heads: a heat map of a measure, the sentences that show a head, the page of a head."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from exbert_hub.app.service.index_catalog import require
from exbert_hub.app.service.model_session import noticed
from exbert_hub.app.service.page_service import Desk
from exbert_hub.app.wire.payload import Json, name_in
from exbert_hub.errors import SelectionError

from .actions import ServerFunction

if TYPE_CHECKING:
    from exbert_hub.index import CorpusIndex
    from exbert_hub.index.format.head_schema import Column
    from exbert_hub.index.format.head_table import HeadScore
    from exbert_hub.index.heads.page import HeadPage, HeadSentence

BEST = 6  # heads listed
EXAMPLES = 3


def head_actions(desk: Desk) -> list[ServerFunction]:
    """Server functions of the heads. Each takes one object; an answer with a `notice` says why there is none."""

    def opened(data: Mapping[str, Any]) -> CorpusIndex:
        return require(desk.bench(data).shelf.get(name_in(data, "index")))

    def heads(data: Mapping[str, Any]) -> Json:
        """All heads by `data["measure"]`, `data["label"]` and `data["direction"]`; by what one of them does best
        where there is no such measure."""

        def make() -> Json:
            index = opened(data)
            columns = index.head_columns()
            chosen = _chosen(columns, data) or _clearest(index, columns)
            found = index.heads(chosen.label, chosen.measure, chosen.direction)
            return {
                "columns": list(map(list, columns)),
                "chosen": chosen._asdict(),
                "grid": [[score and _score(score) for score in layer] for layer in found.grid()],
                "best": list(map(_score, found[:BEST])),
            }

        return noticed(make)

    def head_examples(data: Mapping[str, Any]) -> Json:
        """The sentences that show `data["head"]` doing what a measure says."""

        def make() -> Json:
            (layer, number), index = _place(data), opened(data)
            measure, label, direction = (str(data[name]) for name in ("measure", "label", "direction"))
            found = index.head_examples(layer, number, measure, label, direction, EXAMPLES)
            return {"examples": [asdict(example) for example in found]}

        return noticed(make)

    def head(data: Mapping[str, Any]) -> Json:
        """The page of `data["head"]`, such as "5-9"."""

        def make() -> Json:
            inspector = desk.bench(data).inspector
            layer, number = _place(data)
            return _page(opened(data).head(layer, number, inspector=inspector))

        return noticed(make)

    return [heads, head_examples, head]


def _place(data: Mapping[str, Any]) -> tuple[int, int]:
    named = re.fullmatch(r"(\d{1,4})-(\d{1,4})", str(data.get("head")), re.ASCII)
    if named is None:
        raise SelectionError(f"a head is named by layer and head, such as 5-9, not {str(data.get('head'))[:40]!r}")
    return int(named[1]), int(named[2])


def _chosen(columns: tuple[Column, ...], data: Mapping[str, Any]) -> Column | None:
    asked = tuple(str(data.get(name, "")) for name in ("measure", "label", "direction"))
    return next((column for column in columns if tuple(column) == asked), None)


def _clearest(index: CorpusIndex, columns: tuple[Column, ...]) -> Column:
    """What to begin with: the dependency that a head finds best; else what comes first."""
    of_words = [column for column in columns if column.measure == "dependency"]
    if not of_words:
        return columns[0]
    best = index.heads(measure="dependency")[0]
    return next(column for column in of_words if tuple(column) == (best.measure, best.label, best.direction))


def _score(score: HeadScore) -> Json:
    return {
        "name": score.name,
        "layer": score.layer,
        "head": score.head,
        "value": score.value,
        "baseline": score.baseline,
        "excess": score.excess,
        "lift": score.lift if score.baseline else None,
        "n": score.n,
        "q": score.q,
        "significant": None if score.q is None else score.significant,
    }


def _page(page: HeadPage) -> Json:
    return {
        "name": page.name,
        "layer": page.layer,
        "head": page.head,
        "pattern": page.pattern._asdict(),
        "induction": page.induction,
        "no_induction": page.no_induction,
        "distances": [each._asdict() for each in page.distances],
        "queries": {field: [top._asdict() for top in tops] for field, tops in page.queries.items()},
        "keys": {field: [top._asdict() for top in tops] for field, tops in page.keys.items()},
        "scores": [
            _score(score) | {"measure": score.measure, "label": score.label, "direction": score.direction}
            for score in page.scores
        ],
        "buckets": [
            {
                "low": bucket.low,
                "high": bucket.high,
                "count": bucket.count,
                "sentences": list(map(_sentence, bucket.sentences)),
            }
            for bucket in page.buckets
        ],
        "read": page.sentences_read,
        "sentences": page.sentences,
    }


def _sentence(sentence: HeadSentence) -> Json:
    most = sentence.strongest
    return {
        "text": sentence.text,
        "strength": sentence.strength,
        "offsets": list(map(list, sentence.offsets)),
        "special": [
            name if is_special else None for name, is_special in zip(sentence.pieces, sentence.special, strict=True)
        ],
        "strongest": most and [most.source, most.target],
        "edges": [[edge.source, edge.target, round(edge.weight, 3)] for edge in sentence.edges],
    }
