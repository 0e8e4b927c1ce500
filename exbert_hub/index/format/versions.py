"""Which indexes this version of the package reads, and how its tables may grow.

A major version is another format and is refused. A minor version adds what readers can do without: keys of
`exbert.json`, columns of tables, files. So a reader

- fills in what an index of an older minor version lacks;
- ignores what one of a newer minor version adds, and never reads it;
- refuses what it does not know in an index that claims no newer version: that is damaged, or not ours.

To add a column, give it `since=FORMAT_MINOR + 1` and a default, and raise `FORMAT_MINOR`. The structs in `sentences`
never change within a major version: what is new about words or pieces becomes a column of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from exbert_hub.errors import IndexFormatError

FORMAT_VERSION = 1
FORMAT_MINOR = 0

_MOST_ADDED = 64  # columns that a newer version may have added to a table


def check_version(major: int, minor: int, name: str) -> None:
    """
    :param name: of the file, for the error.
    :raises IndexFormatError: for another major version than ours, or none that there can be.
    """
    if major != FORMAT_VERSION:
        raise IndexFormatError(
            f"{name} has format version {major}, this exbert_hub reads {FORMAT_VERSION}: "
            "upgrade exbert_hub or build the index again."
        )
    if minor < 0:
        raise IndexFormatError(f"{name} is malformed: format_minor is {minor}")


@dataclass(frozen=True)
class TableColumn:
    """One column of a table, and what to take for it where an older index lacks it."""

    name: str
    type: pa.DataType
    nullable: bool = False
    since: int = 0  # minor version
    default: Any = None


@dataclass(frozen=True)
class TableFormat:
    """The columns of a table of an index, in order."""

    name: str  # for errors
    columns: tuple[TableColumn, ...]

    @property
    def schema(self) -> pa.Schema:
        return pa.schema([(column.name, column.type) for column in self.columns])

    def missing_from(self, schema: pa.Schema, minor: int) -> tuple[TableColumn, ...]:
        """The columns that a file of an older version lacks, and that are to be filled in; see `defaults`.

        :param minor: version that the index says it has.
        :raises IndexFormatError: if it lacks others, if one is of another type, or if it has some that no version up
            to ours has, in an index that claims no newer one.
        """
        known = {column.name: column for column in self.columns}
        names = [name for name in schema.names if name in known]
        missing = tuple(column for column in self.columns if column.name not in names and column.since > minor)
        expected = [column.name for column in self.columns if column not in missing]
        if names != expected or any(schema.field(name).type != known[name].type for name in names):
            raise IndexFormatError(f"it does not have the columns of {self.name}: {', '.join(expected)}")
        added = len(schema.names) - len(names)
        if added and minor <= FORMAT_MINOR:
            raise IndexFormatError(f"it has columns besides those of {self.name}: {', '.join(expected)}")
        if added > _MOST_ADDED:
            raise IndexFormatError(f"it has {added} columns more than {self.name} of this version")
        return missing


def defaults(columns: tuple[TableColumn, ...], rows: int) -> pa.Table:
    """So many rows of columns that a table lacks."""
    arrays = {
        column.name: pa.nulls(rows, column.type)
        if column.default is None
        else pa.repeat(pa.scalar(column.default, column.type), rows)
        for column in columns
    }
    return pa.table(arrays)
