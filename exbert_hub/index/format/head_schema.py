"""What heads are measured by, and the columns of `heads.parquet`, a row per layer, head and measure."""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa

from exbert_hub.analysis.heads import OFFSETS, RELATIONS
from exbert_hub.model.types import ModelInfo, StackName

from .versions import TableColumn, TableFormat

DEPENDENCY = "dependency"
TO_HEAD, TO_DEPENDANT = "to_head", "to_dependant"
MOST_LABELS = 200  # columns with more labels than this are no labels but texts; base rates have the same limit

HEADS_TABLE = TableFormat(
    "a table of heads",
    (
        TableColumn("layer", pa.int32()),
        TableColumn("head", pa.int32()),
        TableColumn("stack", pa.string()),
        TableColumn("measure", pa.string()),
        TableColumn("label", pa.string()),
        TableColumn("direction", pa.string()),
        TableColumn("value", pa.float64()),
        TableColumn("baseline", pa.float64()),
        TableColumn("n", pa.int64()),
        TableColumn("p", pa.float64(), nullable=True),
        TableColumn("q", pa.float64(), nullable=True),
    ),
)
"""Of `heads.parquet`; `head_table.HeadScore` has the same fields and says what they are."""


def stack_of(model: ModelInfo) -> StackName:
    """The stack that is indexed."""
    return "decoder" if model.kind == "causal" else "encoder"


class Column(NamedTuple):
    """One thing that is measured about every head."""

    measure: str
    label: str = ""
    direction: str = ""


COUNTED = tuple(Column("offset", f"{offset:+d}" if offset else "0") for offset in OFFSETS)
SHARES = tuple(Column(measure) for measure in ("special", "self", *RELATIONS))
ENTROPY = Column("entropy")
ALWAYS = (*COUNTED, *SHARES, ENTROPY)
"""The columns that every corpus has; those of its labels follow."""

ATTENDED = "attended_"  # and the name of the label column
