"""Searching by a few heads: their columns alone, side by side in memory, instead of all of them with zeros.

An index holds the contexts of all heads of a layer in one row, so a search by two heads of twelve reads six times what
it needs. The first such search does; behind it the columns of the chosen heads are copied, as they are stored, into an
index of their own, which answers from then on. No value changes: scores differ by the order in which they are summed.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from exbert_hub.index.format.codecs import CODECS, INNER_PRODUCT, VectorCodec
from exbert_hub.index.format.types import Codec
from exbert_hub.index.store.background import SEARCHING, Background
from exbert_hub.index.store.memory import KEPT, file_key

logger = logging.getLogger(__name__)

_CHUNK = 65_536
# share of the heads from which on their columns save too little; also of the memory that those of one search may take
_LARGEST_SHARE = 0.5


@dataclass(frozen=True)
class HeadColumns:
    """The columns of some heads in a file of vectors."""

    path: Path  # checked FAISS file of all heads of a layer
    count: int  # vectors
    dim: int  # values of each; head `i` of `all_heads` has those from `i * dim / all_heads` on
    all_heads: int
    heads: tuple[int, ...]

    @property
    def width(self) -> int:
        """Values of a head."""
        return self.dim // self.all_heads

    @property
    def key(self) -> Hashable:
        """Of what is kept of them."""
        return (*file_key(self.path), self.heads)

    def size(self, codec: VectorCodec) -> int:
        """Bytes of the chosen columns."""
        return self.count * self.width * len(self.heads) * codec.bytes_per_value


class HeadColumnCache:
    """Columns of heads in memory, copied behind the first search that wants them.

    :param codec: how the vectors are stored.
    """

    def __init__(self, codec: Codec) -> None:
        self._codec = CODECS[codec]
        self._lock = threading.Lock()
        self._pending: set[Hashable] = set()
        self._background = Background("exbert-heads")

    def get(self, columns: HeadColumns) -> Any | None:
        """A FAISS index of these columns, if it is there."""
        return KEPT.get(columns.key)

    def begin(self, columns: HeadColumns) -> None:
        """Copy columns in the background, unless that is not worth it or too much for the memory."""
        key, size = columns.key, columns.size(self._codec)
        if len(columns.heads) > _LARGEST_SHARE * columns.all_heads or size > _LARGEST_SHARE * KEPT.limit:
            return

        def task() -> None:
            try:
                KEPT.put(key, copy_columns(columns, self._codec), size)
            except (OSError, MemoryError) as error:
                logger.warning(
                    "Searches by the heads %s of %s stay slower, their columns cannot be copied: %s",
                    list(columns.heads),
                    columns.path,
                    error,
                )
            with self._lock:
                self._pending.discard(key)

        with self._lock:
            if key in self._pending:
                return
            self._pending.add(key)
        self._background.submit(task)


def copy_columns(columns: HeadColumns, codec: VectorCodec) -> Any:
    """A FAISS index of the chosen heads' columns alone."""
    import faiss

    count, heads, width = columns.count, columns.heads, columns.width
    step = width * codec.bytes_per_value
    index: Any = faiss.index_factory(width * len(heads), codec.factory, INNER_PRODUCT)
    if codec.ranges:
        _copy_ranges(faiss.read_index(str(columns.path), faiss.IO_FLAG_MMAP_IFC), index, columns)
    index.codes.resize(count * step * len(heads))
    target = faiss.rev_swig_ptr(index.codes.data(), count * step * len(heads)).reshape(count, len(heads), step)
    # a stored vector is its code and nothing else, and the codes are the end of the file
    offset = columns.path.stat().st_size - count * columns.all_heads * step
    stored = np.memmap(columns.path, np.uint8, "r", offset, (count, columns.all_heads, step))
    for start in range(0, count, _CHUNK):
        SEARCHING.give_way()
        for place, head in enumerate(heads):
            target[start : start + _CHUNK, place] = stored[start : start + _CHUNK, head]
    index.ntotal = count
    return index


def _copy_ranges(source: Any, target: Any, columns: HeadColumns) -> None:
    """The range of each value that a code spans: all lower ends, then all widths."""
    import faiss

    ranges = faiss.vector_to_array(source.sq.trained).reshape(2, -1, columns.width)[:, list(columns.heads)]
    faiss.copy_array_to_vector(np.ascontiguousarray(ranges).ravel(), target.sq.trained)
    target.is_trained = True
