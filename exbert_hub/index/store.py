"""Opening the files of an index: nothing is trusted, nothing is copied, each file is hashed once."""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from ..cache import cache_root
from ..errors import IndexFormatError
from ..files import sha256_of, write_atomic
from . import layout
from .attention import AttentionReader
from .manifest import Manifest, VectorSpec
from .tables import sentences_schema, tokens_schema
from .vectors import attach, check_header, quiet_datasets

if TYPE_CHECKING:
    import datasets

logger = logging.getLogger(__name__)


class Store:
    """The files of one index folder.

    On opening, every file is checked for its place, its size and (FAISS, Parquet) its header. The content is hashed
    when it is first used; which file was found good is remembered by size, time and inode.

    :param folder: an index, a plain folder or a snapshot in the Hub's cache.
    :raises IndexFormatError: on any deviation from the manifest.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = Manifest.load(folder)
        for name in self.manifest.files:
            self._check_place_and_size(name)
        for spec in self.manifest.vectors:
            check_header(folder / spec.file, self.manifest.codec, spec.dim, self.manifest.pieces)

    def tables(self) -> tuple[datasets.Dataset, datasets.Dataset]:
        """`tokens` with every FAISS index attached, memory-mapped, and `sentences`."""
        extra = self.manifest.corpus.extra_labels
        tokens = self._table("tokens", tokens_schema(extra).names, self.manifest.pieces)
        sentences = self._table("sentences", sentences_schema(extra).names, self.manifest.sentences)
        for spec in self.manifest.vectors:
            attach(tokens, spec.name, self.folder / spec.file, spec.dim)
        return tokens, sentences

    def use_vectors(self, spec: VectorSpec) -> None:
        """Make sure that the vectors are those the manifest names."""
        self._verify(spec.file)

    def attention(self, layer: int) -> AttentionReader:
        name = layout.attention_file(layer)
        self._verify(name)
        return AttentionReader(self.folder / name, self.manifest.model.heads[layer], self.manifest.sentences)

    def _table(self, table: str, columns: list[str], rows: int) -> datasets.Dataset:
        import datasets

        names = sorted(name for name in self.manifest.files if name.startswith(f"{table}/"))
        if not names:
            raise IndexFormatError(f"{self.folder} has no {table} table")
        for name in names:
            self._verify(name)
            if pq.read_schema(self.folder / name).names != columns:
                raise IndexFormatError(f"{self.folder / name} has not the columns of a {table} table: {columns}")
        with quiet_datasets():
            dataset = datasets.Dataset.from_parquet([str(self.folder / name) for name in names])
        if len(dataset) != rows:
            raise IndexFormatError(f"{self.folder}: {table} has {len(dataset)} rows, the manifest says {rows}")
        return dataset

    def _check_place_and_size(self, name: str) -> None:
        path, entry = self.folder / name, self.manifest.files[name]
        if not path.is_file():
            raise IndexFormatError(f"{path} is missing: download or build the index again")
        real, root = path.resolve(), self.folder.resolve()
        # in the Hub's cache, snapshots/COMMIT/file is a link to blobs/HASH of the same repository
        blobs = root.parent.parent / "blobs" if root.parent.name == "snapshots" else root
        if not (real.is_relative_to(root) or real.is_relative_to(blobs)):
            raise IndexFormatError(f"{path} leads out of the index, to {real}: not opened")
        if real.stat().st_size != entry.size:
            raise IndexFormatError(f"{path} has {real.stat().st_size} bytes, the manifest says {entry.size}")

    def _verify(self, name: str) -> None:
        """Hash a file on its first use, ever; remember the outcome under the cache, one record per index."""
        path, entry = self.folder / name, self.manifest.files[name]
        stat = path.stat()
        state = [stat.st_size, stat.st_mtime_ns, stat.st_ino, entry.sha256]
        record = _record_of(self.folder)
        known = json.loads(record.read_text("utf-8")) if record.is_file() else {}
        if known.get(name) == state:
            return
        logger.info("Checking %s", path)
        found = sha256_of(path)
        if found != entry.sha256:
            raise IndexFormatError(
                f"{path} is not the file that the manifest names (sha256 {found[:12]}…, expected "
                f"{entry.sha256[:12]}…): download or build the index again"
            )
        # two processes may both write: then a file is hashed once more, no harm done
        write_atomic(record, json.dumps(known | {name: state}))


def _record_of(folder: Path) -> Path:
    place = str(folder.resolve())
    return cache_root() / "verified" / f"{folder.name}-{hashlib.sha256(place.encode()).hexdigest()[:16]}.json"
