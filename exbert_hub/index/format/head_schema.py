"""What heads are measured by, and the columns of `heads.parquet`, a row per layer, head and measure."""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa

from exbert_hub.analysis.heads import OFFSETS, RELATIONS
from exbert_hub.model.types import ModelFacts, StackName

DEPENDENCY = "dependency"
TO_HEAD, TO_DEPENDANT = "to_head", "to_dependant"
MOST_LABELS = 200  # columns with more labels than this are no labels but texts; base rates have the same limit

SCHEMA = pa.schema(
    [
        ("layer", pa.int32()),
        ("head", pa.int32()),
        ("stack", pa.string()),
        ("measure", pa.string()),
        ("label", pa.string()),
        ("direction", pa.string()),
        ("value", pa.float64()),
        ("baseline", pa.float64()),
        ("n", pa.int64()),
        ("p", pa.float64()),
        ("q", pa.float64()),
    ]
)


def stack_of(model: ModelFacts) -> StackName:
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
