"""`heads.parquet`, read as if written by an attacker, and selections from it."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from exbert_hub.analysis.significance import LEVEL
from exbert_hub.errors import IndexFormatError, LabelError, SelectionError

from .head_schema import (
    ALWAYS,
    ATTENDED,
    DEPENDENCY,
    ENTROPY,
    HEADS_TABLE,
    MOST_LABELS,
    TO_DEPENDANT,
    TO_HEAD,
    stack_of,
)
from .layout import LONGEST_LABEL
from .manifest import Manifest
from .versions import defaults

if TYPE_CHECKING:
    import pandas as pd

_BYTES_PER_ROW = 128  # of numbers and names, beside labels, which are dictionaries
_MOST_ROWS = 2**22
_LISTED = 60  # of what there is instead, in an error


class HeadScore(NamedTuple):
    """One measure of one head over the whole corpus; docs/heads.md says what each of them is."""

    layer: int
    head: int
    stack: str  # "encoder" or "decoder"
    measure: str  # "dependency", "offset", "special", "self", "same_lemma", …, "attended_pos", …
    label: str  # "dobj", "-1", "VERB"; "" where the measure has none
    direction: str  # "to_head", "to_dependant" of dependencies
    value: float
    baseline: float  # what a head comes to that knows nothing of the words; of dependencies the best fixed offset
    n: int  # words or pieces that the value is a mean over
    p: float | None  # chance of so much above the baseline; None where nothing is tested
    q: float | None  # corrected for all heads and labels (Benjamini & Hochberg 1995)

    @property
    def name(self) -> str:
        """Layer and head, as in "5-9"."""
        return f"{self.layer}-{self.head}"

    @property
    def lift(self) -> float:
        return self.value / self.baseline if self.baseline else math.inf

    @property
    def significant(self) -> bool:
        """Whether it is above the baseline by more than chance, at a false discovery rate of 5 %."""
        return self.q is not None and self.q < LEVEL

    @property
    def excess(self) -> float:
        """What heads are ranked by: how far above the baseline. For the entropy how far below: a sharp head."""
        return self.baseline - self.value if self.measure == ENTROPY.measure else self.value - self.baseline


@dataclass(frozen=True, repr=False)
class HeadScores(Sequence[HeadScore]):
    """Heads, the best first."""

    scores: tuple[HeadScore, ...]
    heads: tuple[int, ...]  # of every layer of the model, 0 where it has no attention

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, rank: Any) -> Any:
        return self.scores[rank]

    def __iter__(self) -> Iterator[HeadScore]:
        return iter(self.scores)

    def __repr__(self) -> str:
        best = f", best {self[0].name} with {self[0].value:.3f}" if self.scores else ""
        return f"<{len(self)} scores of heads{best}>"

    def best(self) -> HeadScores:
        """The best head of each measure, label and direction."""
        first: dict[tuple[str, str, str], HeadScore] = {}
        for score in self:
            first.setdefault((score.measure, score.label, score.direction), score)
        return HeadScores(tuple(first.values()), self.heads)

    def grid(self) -> tuple[tuple[HeadScore | None, ...], ...]:
        """Scores by layer and head, for a heat map; None where a head was not measured.

        :raises SelectionError: if there is more than one measure, label or direction among them.
        """
        columns = sorted({(score.measure, score.label, score.direction) for score in self})
        if len(columns) > 1:
            names = "; ".join(" ".join(filter(None, column)) for column in columns[:4])
            raise SelectionError(f"a grid shows one measure, label and direction, not {len(columns)}: {names}, …")
        by_head = {(score.layer, score.head): score for score in self}
        return tuple(tuple(by_head.get((layer, head)) for head in range(n)) for layer, n in enumerate(self.heads))

    def to_dict(self) -> list[dict[str, Any]]:
        """Ready for JSON."""
        return [score._asdict() for score in self]

    def to_pandas(self) -> pd.DataFrame:
        """One row per score, the best first."""
        import pandas as pd

        return pd.DataFrame.from_records(self.to_dict(), columns=HeadScore._fields)


@dataclass(frozen=True)
class HeadFilter:
    """Which scores are asked for; None means every one."""

    label: str | None = None
    measure: str | None = None
    direction: str | None = None
    layer: int | None = None


def choose(table: pa.Table, heads: tuple[int, ...], wanted: HeadFilter) -> HeadScores:
    """The rows asked for, the best first.

    :raises LabelError: if there are none.
    """
    rows = table
    for name, value in vars(wanted).items():
        if value is not None:
            rest = rows.filter(pc.equal(rows.column(name), value))
            if not len(rest):
                raise LabelError(f"no head is measured by {name} {value!r}; {_there(rows, name, str(value))}")
            rows = rest
    scores = [HeadScore(*row.values()) for row in rows.select(HeadScore._fields).to_pylist()]
    return HeadScores(tuple(sorted(scores, key=lambda score: (-score.excess, score.layer, score.head))), heads)


def _there(table: pa.Table, name: str, wanted: str) -> str:
    """What there is instead: what is written alike, then the most frequent."""
    counts = table.group_by(name).aggregate([("n", "max")]).sort_by([("n_max", "descending"), (name, "ascending")])
    there = [str(value) for value in counts.column(name).to_pylist()]
    alike = ", ".join(difflib.get_close_matches(wanted, there, 4, 0.5))
    more = f" and {len(there) - _LISTED} more" if len(there) > _LISTED else ""
    listed = ", ".join(value or "(none)" for value in there[:_LISTED])
    return f"{f'alike are {alike}; ' if alike else ''}there are {listed}{more}"


def read_heads(path: Path, manifest: Manifest) -> pa.Table:
    """The rows of `heads.parquet`.

    :raises IndexFormatError: if the file is not what a build writes for this model and these labels.
    """

    def require(condition: object, problem: str) -> None:
        if not condition:
            raise IndexFormatError(f"{path} is not a table of heads: {problem}; build the index again")

    try:
        file = pq.ParquetFile(path, read_dictionary=["stack", "measure", "label", "direction"])
        metadata = file.metadata
        missing = HEADS_TABLE.missing_from(pq.read_schema(path), manifest.format_minor)
        names = [column.name for column in HEADS_TABLE.columns if column not in missing]
        require(metadata.num_rows <= _MOST_ROWS, "it has too many rows")
        size = _bytes_of(metadata, names)
        # one dictionary of labels for each row group, at most
        most = metadata.num_rows * _BYTES_PER_ROW + (1 + metadata.num_row_groups) * MOST_LABELS * LONGEST_LABEL * 64
        require(size <= most, "it holds more than its rows")
        table = file.read(names)
        table.validate(full=True)
        for column in missing:
            table = table.append_column(column.name, defaults((column,), len(table)).column(0))
        table = table.select(HEADS_TABLE.schema.names).cast(HEADS_TABLE.schema)
    except (pa.ArrowException, IndexFormatError) as error:
        raise IndexFormatError(f"{path} is not a table of heads: {error}; build the index again") from error
    filled = [column.name for column in HEADS_TABLE.columns if not column.nullable]
    require(not any(table.column(name).null_count for name in filled), "a value is missing")
    layer, head, n = (table.column(name).to_numpy() for name in ("layer", "head", "n"))
    heads = manifest.model.heads
    require(((layer >= 0) & (layer < len(heads))).all(), "a layer that the model does not have")
    require(all(0 <= h < heads[x] for x, h in zip(layer, head, strict=True)), "a head that the model does not have")
    require((n > 0).all(), "a mean over nothing")
    for name, low, high in (("value", 0, 1e6), ("baseline", 0, 1e6), ("p", 0, 1), ("q", 0, 1)):
        values = table.column(name).drop_null().to_numpy()
        require(((values >= low) & (values <= high)).all(), f"{name} out of its range")
    measures = {DEPENDENCY, *(column.measure for column in ALWAYS), *(ATTENDED + n for n in manifest.labels)}
    allowed: dict[str, set[str]] = {
        "stack": {stack_of(manifest.model)},
        "measure": measures,
        "direction": {"", TO_HEAD, TO_DEPENDANT},
    }
    for name, values in allowed.items():
        require(set(pc.unique(table.column(name)).to_pylist()) <= values, f"an unknown {name}")
    require((pc.max(pc.utf8_length(table.column("label"))).as_py() or 0) <= LONGEST_LABEL, "a label is too long")
    return table


def _bytes_of(metadata: pq.FileMetaData, names: Sequence[str]) -> int:
    """What some columns take before compression."""
    groups = (metadata.row_group(number) for number in range(metadata.num_row_groups))
    columns = (group.column(number) for group in groups for number in range(group.num_columns))
    return sum(column.total_uncompressed_size for column in columns if column.path_in_schema in names)
