"""What lies on the disk: names and columns of the files, and the list of the shards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from .stored import FROZEN, INDEXES


def schema(path: Path) -> dict[str, str]:
    """Columns of a Parquet file and their types."""
    return {column.name: str(column.type) for column in pq.read_schema(path)}


def names(folder: Path) -> list[str]:
    """Files of an index."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def schemas(folder: Path) -> dict[str, dict[str, str]]:
    """Of every Parquet file of an index."""
    return {name: schema(folder / name) for name in names(folder) if name.endswith(".parquet")}


def described_files() -> dict[str, Any]:
    return {
        "names": {index: names(FROZEN / index) for index in INDEXES},
        "schemas": schemas(FROZEN / "fp16"),
        "shards.json": (FROZEN / "shards" / "shards.json").read_text(encoding="utf-8"),
    }
