"""Labels attached to a finished index: a sidecar table, a row per indexed piece, that no vector has to be built for.

All of them are one Parquet file. It is never changed: a new one is written, then the manifest names it instead.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from exbert_hub.cache import cache_root, locked
from exbert_hub.errors import AnnotationError
from exbert_hub.files import sha256_of
from exbert_hub.index.format import layout
from exbert_hub.index.format.manifest import FileEntry, Manifest, label_problem

from .label_files import read_labels

if TYPE_CHECKING:
    from exbert_hub.index.store.store import Store

NO_LABELS_FOR_SHARDS = (
    "labels cannot be attached to an index in shards, whose list identifies each shard by its hash: build it as one "
    "index, or provide the labels as columns of the corpus"
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Attached:
    """What `CorpusIndex.annotate` has attached."""

    labels: tuple[str, ...]
    pieces: int  # that have one of these labels
    unused: int  # rows of the file for words that no indexed piece belongs to


def attach_labels(
    store: Store, tokens: pa.Table, source: str | os.PathLike[str], labels: Sequence[Any] | None, overwrite: bool
) -> Attached:
    """Write labels beside the tokens; see `CorpusIndex.annotate`."""
    folder, known = _own_folder(store), store.manifest
    known.check_own(folder)
    places = (tokens.column(name).to_numpy() for name in ("sentence", "word"))
    brought, unused = read_labels(source, labels, *places)
    names = tuple(brought.column_names)
    _check_labels(brought, known, overwrite)
    with locked(folder):
        if Manifest.load(folder) != known:
            raise AnnotationError(f"{folder} has changed since it was opened: open it again")
        kept = [name for name in known.added_labels if name not in names]
        table = pa.table({name: tokens.column(name) for name in kept} | dict(zip(names, brought.columns, strict=True)))
        _write(folder, known, table)
    labelled = sum(pc.not_equal(column, "").to_numpy() for column in brought.columns) > 0
    done = Attached(names, int(labelled.sum()), unused)
    if unused:
        logger.warning("%s rows of %s are for words that no indexed piece belongs to", f"{unused:,}", source)
    return done


def _own_folder(store: Store) -> Path:
    """The folder of an index that may be written into."""
    root = store.folder.resolve()
    if store.remote is not None or root.parent.name == "snapshots" or root.is_relative_to(cache_root().resolve()):
        name = store.remote.repo_id if store.remote is not None else root
        raise AnnotationError(
            f"{name} is in a cache, which is never written to: make a copy first, `hf-exbert pull OWNER/NAME -o "
            "FOLDER` or a build of your own, and annotate that"
        )
    if (root.parent / layout.SHARD_LIST).exists():
        raise AnnotationError(NO_LABELS_FOR_SHARDS)
    return root


def _check_labels(brought: pa.Table, manifest: Manifest, overwrite: bool) -> None:
    for name in brought.column_names:
        if problem := label_problem(name, manifest.labels):
            raise AnnotationError(f"{name!r} cannot be the name of a label: {problem}")
        if name in manifest.added_labels and not overwrite:
            raise AnnotationError(f"the index has a label {name!r} already: choose overwrite=True (--overwrite)")
        if (longest := pc.max(pc.utf8_length(brought.column(name))).as_py() or 0) > layout.LONGEST_LABEL:
            raise AnnotationError(
                f"a label of {name!r} has {longest} characters, at most {layout.LONGEST_LABEL} are taken"
            )
    if not brought.num_columns:
        raise AnnotationError("there is no column of labels beside `sentence` and `word`")


def _write(folder: Path, manifest: Manifest, table: pa.Table) -> None:
    old = layout.labels_of(manifest.files)
    name = layout.table_file("labels", 1 + max((int(file[-13:-8]) for file in old), default=-1))
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    pq.write_table(table, path, compression="zstd")
    files = {file: entry for file, entry in manifest.files.items() if file not in old}
    files[name] = FileEntry(path.stat().st_size, sha256_of(path))
    replace(manifest, files=files, added_labels=tuple(table.column_names)).save(folder)
    for file in old:  # no longer part of the index
        (folder / file).unlink(missing_ok=True)
