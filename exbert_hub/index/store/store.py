"""Opening the files of an index: nothing is trusted, nothing is copied, nothing grows with the size of the index."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from exbert_hub.cache import cache_root
from exbert_hub.errors import IndexFormatError
from exbert_hub.hub import Snapshot, is_offline
from exbert_hub.index.format import layout
from exbert_hub.index.format.head_table import read_heads
from exbert_hub.index.format.manifest import Manifest, VectorSpec
from exbert_hub.index.format.tables import check_tables, sentences_format, tokens_format
from exbert_hub.index.format.versions import TableColumn, TableFormat, defaults

from .added_labels import join, read_added
from .attention_files import AttentionReader
from .coarse import check_coarse
from .vectors import attach, check_header, quiet_datasets
from .verify import Verifier

if TYPE_CHECKING:
    import datasets

logger = logging.getLogger(__name__)

_BATCH = {"tokens": 16_384, "sentences": 4096}
"""Rows of a batch in the Arrow files, of which one is in memory when the tables are checked. Opening reads a little of
every batch, and the system maps 64 kB around that: a thousand rows, the default, make 15 bytes of every piece."""


class Store:
    """The files of one index, all of them in a folder or the rest of them still on the Hub.

    On opening, every file is checked for its place, its size and (FAISS, Parquet) its header; what is still on the Hub
    when it comes. The content of the tables is hashed on opening, that of the rest when it is first used, behind the
    search that uses it (verify.py), and only if this was never done before.

    :param folder: an index, a plain folder or a snapshot in the Hub's cache.
    :param remote: where missing files come from.
    :raises IndexFormatError: on any deviation from the manifest.
    """

    def __init__(self, folder: Path, remote: Snapshot | None = None) -> None:
        self.folder, self.remote = folder, remote
        self.manifest = Manifest.load(folder)
        self._specs = {spec.file: spec for spec in self.manifest.vectors}
        self._coarse = {spec.coarse_file: spec for spec in self.manifest.vectors}
        self._attaching = threading.Lock()
        self.verifier = Verifier(folder, self.manifest.files, _key(folder))
        for name in self.manifest.files:
            if remote is None or self._is_here(name):
                self._check(name)

    def tables(self) -> tuple[datasets.Dataset, datasets.Dataset]:
        """`tokens`, with attached labels and every FAISS index that is on this machine, mapped; `sentences`."""
        self._fetch(name for name in self.manifest.files if layout.is_table(name))
        tokens = self._table("tokens", tokens_format(self.manifest.corpus.extra_labels), self.manifest.pieces)
        sentences = self.sentences()
        names = [name for name in self.manifest.files if layout.is_table(name)]
        self.verifier.check_once("tables", names, lambda: check_tables(tokens, sentences, self.folder))
        if self.manifest.added_labels:
            (name,) = layout.labels_of(self.manifest.files)
            self._ready(name)
            tokens = join(tokens, read_added(self.folder / name, self.manifest))
        for spec in self.manifest.vectors:
            if self._is_here(spec.file):
                attach(tokens, spec.name, self.folder / spec.file, spec.dim)
        return tokens, sentences

    def sentences(self) -> datasets.Dataset:
        return self._table("sentences", sentences_format(self.manifest.corpus.extra_labels), self.manifest.sentences)

    def use_vectors(self, tokens: datasets.Dataset, spec: VectorSpec) -> None:
        """See that the vectors are attached to the tokens."""
        replaced = self._ready(spec.file)
        with self._attaching:
            if replaced and spec.name in tokens.list_indexes():
                tokens.drop_index(spec.name)  # it maps the damaged file
            if spec.name not in tokens.list_indexes():
                attach(tokens, spec.name, self.folder / spec.file, spec.dim)

    def coarse(self, spec: VectorSpec) -> Path:
        """The coarse stage of the vectors, which the manifest must have."""
        self._ready(spec.coarse_file)
        return self.folder / spec.coarse_file

    def attention(self, layer: int, lengths: np.ndarray) -> AttentionReader:
        """Stored attention of a layer, for sentences of these lengths in pieces."""
        name = layout.attention_file(layer)
        self._ready(name)
        return AttentionReader(self.folder / name, self.manifest.model.heads[layer], lengths)

    def heads(self) -> pa.Table | None:
        """What the build measured of every head, None if it measured nothing."""
        if layout.HEADS not in self.manifest.files:
            return None
        self._ready(layout.HEADS, at_once=True)
        return read_heads(self.folder / layout.HEADS, self.manifest)

    def fetch(self, names: Iterable[str] | None = None) -> None:
        """Download those of these files that are missing (of all if None), and hash what was never hashed."""
        wanted = list(self.manifest.files if names is None else names)
        self._fetch(wanted)
        for name in wanted:
            self._ready(name, at_once=True)

    def _is_here(self, name: str) -> bool:
        return (self.folder / name).exists()

    def _fetch(self, names: Iterable[str]) -> None:
        if self.remote is None:
            return
        missing = [name for name in names if not self._is_here(name)]
        self.remote.fetch(missing)
        for name in missing:
            self._check(name)

    def _ready(self, name: str, at_once: bool = False) -> bool:
        """The file is here, has the right place, size and header, and the right content as far as that is known.

        :param at_once: wait until its content is known.
        :return: whether it was damaged and has been downloaded again.
        """
        # after waiting for a download, the time to hash is not noticed
        verify = self.verifier.verify if at_once or not self._is_here(name) else self.verifier.verify_behind
        self._fetch([name])
        try:
            verify(name)
        except IndexFormatError:
            if self.remote is None or is_offline(self.remote.local_files_only):
                raise
            logger.warning("%s is damaged in the cache: downloading it again", name)
            self.remote.fetch([name], again=True)
            self._check(name)
            self.verifier.verify(name)
            return True
        return False

    def _table(self, table: str, columns: TableFormat, rows: int) -> datasets.Dataset:
        import datasets

        names = sorted(name for name in self.manifest.files if name.startswith(f"{table}/"))
        if not names:
            raise IndexFormatError(f"{self.folder} has no {table} table")
        for name in names:
            self._ready(name, at_once=True)
        parts = {_columns_of(self.folder / name, columns, self.manifest.format_minor) for name in names}
        if len(parts) > 1:
            raise IndexFormatError(f"{self.folder}: the parts of the {table} table have not the same columns")
        ((present, missing, added),) = parts
        with quiet_datasets():
            # datasets maps Arrow files, so it makes one of the Parquet; kept where `hf-exbert cache` sees it
            dataset = datasets.Dataset.from_parquet(
                [str(self.folder / name) for name in names],
                # ours: features that the file brings could be images, which datasets would fetch from anywhere
                features=datasets.Features.from_arrow_schema(present),
                columns=present.names if added else None,  # what a newer version added is not read
                cache_dir=str(cache_root() / "tables" / _key(self.folder)),
                writer_batch_size=_BATCH[table],
            )
        if len(dataset) != rows:
            raise IndexFormatError(f"{self.folder}: {table} has {len(dataset)} rows, the manifest says {rows}")
        return join(dataset, defaults(missing, rows)) if missing else dataset

    def _check(self, name: str) -> None:
        self._check_place_and_size(name)
        if spec := self._specs.get(name):
            check_header(self.folder / name, self.manifest.codec, spec.dim, self.manifest.pieces)
        if spec := self._coarse.get(name):
            check_coarse(self.folder / name, spec.dim, self.manifest.pieces)

    def _check_place_and_size(self, name: str) -> None:
        path, entry = self.folder / name, self.manifest.files[name]
        if not path.is_file():
            raise IndexFormatError(f"{path} is missing: download or build the index again")
        real, root = path.resolve(), self.folder.resolve()
        # in the Hub's cache, snapshots/COMMIT/file (or /shard/file) is a link to blobs/HASH of the same repository
        commit = next((path for path in (root, root.parent) if path.parent.name == "snapshots"), None)
        blobs = commit.parent.parent / "blobs" if commit else root
        if not (real.is_relative_to(root) or real.is_relative_to(blobs)):
            raise IndexFormatError(f"{path} points outside the index, to {real}: not opened")
        if real.stat().st_size != entry.size:
            raise IndexFormatError(f"{path} has {real.stat().st_size} bytes, the manifest says {entry.size}")


class _Columns(NamedTuple):
    """Of one file of a table."""

    present: pa.Schema  # those that we know and that it has
    missing: tuple[TableColumn, ...]  # those that an older version lacks
    added: bool  # whether it has some that we do not know


def _columns_of(path: Path, table: TableFormat, minor: int) -> _Columns:
    """
    :raises IndexFormatError: if it is no such table.
    """
    try:
        schema = pq.read_schema(path)
        missing = table.missing_from(schema, minor)
    except pa.ArrowException as error:
        raise IndexFormatError(f"{path} is not a Parquet file: {error}") from error
    except IndexFormatError as error:
        raise IndexFormatError(f"{path} cannot be read: {error}") from error
    present = [(column.name, column.type) for column in table.columns if column not in missing]
    return _Columns(pa.schema(present), missing, len(schema.names) > len(present))


def _key(folder: Path) -> str:
    """Name of an index in the cache."""
    return f"{folder.name}-{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]}"
