"""Labels that were attached to a finished index, read and added to its tokens."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from exbert_hub.errors import IndexFormatError
from exbert_hub.index.format.layout import LONGEST_LABEL
from exbert_hub.index.format.manifest import Manifest

if TYPE_CHECKING:
    import datasets

_OVERHEAD_BYTES = 1 << 20  # of the file, beside the labels


def read_added(path: Path, manifest: Manifest) -> pa.Table:
    """The labels attached to an index: a row per indexed piece.

    :raises IndexFormatError: if the file is not what the manifest says, or a label is longer than any that we write.
    """
    names = manifest.added_labels
    try:
        schema = pq.read_schema(path).remove_metadata()
        if schema != pa.schema([(name, pa.string()) for name in names]):
            raise IndexFormatError(
                f"{path} lacks label columns that the manifest names, or has others: {', '.join(names)}"
            )
        file = pq.ParquetFile(path, read_dictionary=names)
        metadata = file.metadata
        if metadata.num_rows != manifest.pieces:
            raise IndexFormatError(f"{path} has {metadata.num_rows} rows for {manifest.pieces} indexed pieces")
        size = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
        if size > _OVERHEAD_BYTES + manifest.pieces * len(names) * LONGEST_LABEL * 4:
            raise IndexFormatError(f"{path} holds more than {len(names)} labels of each piece: not opened")
        table = file.read()  # as dictionaries: a label that is repeated a million times takes no room
        table.validate(full=True)
    except pa.ArrowException as error:
        raise IndexFormatError(f"{path} is not a table of labels: {error}") from error
    for chunk in (chunk for column in table.columns for chunk in column.chunks):
        if chunk.null_count or (pc.max(pc.utf8_length(chunk.dictionary)).as_py() or 0) > LONGEST_LABEL:
            raise IndexFormatError(
                f"{path} lacks a label, or has one of more than {LONGEST_LABEL} characters: not opened"
            )
    return table.cast(schema)


def join(tokens: datasets.Dataset, added: pa.Table) -> datasets.Dataset:
    """The tokens with the attached labels as further columns."""
    import datasets

    return datasets.concatenate_datasets([tokens, datasets.Dataset(datasets.table.InMemoryTable(added))], axis=1)
