"""Searching by a few heads: their columns alone, side by side in memory, instead of all of them with zeros.

An index holds the contexts of all heads of a layer in one row, so a search by two heads of twelve reads six times what
it needs. The first such search does; behind it the columns of the chosen heads are copied, as they are stored, into an
index of their own, which answers from then on. No value changes: scores differ by the order in which they are summed.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from exbert_hub.index.format.codecs import CODECS, INNER_PRODUCT
from exbert_hub.index.format.types import Codec
from exbert_hub.index.store.background import SEARCHING, Background
from exbert_hub.index.store.memory import KEPT, file_key

logger = logging.getLogger(__name__)

_CHUNK = 65_536
_MOST = 0.5  # share of the heads from which on packing saves too little; also of the memory that one pack may take


class Packs:
    """Packed heads of one index, packed behind the first search that wants them.

    :param codec: how the vectors are stored.
    """

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._lock = threading.Lock()
        self._asked: set[Hashable] = set()
        self._background = Background("exbert-pack")

    def get(self, path: Path, heads: Sequence[int]) -> Any | None:
        """A FAISS index of the packed heads, if it is there."""
        return KEPT.get((*file_key(path), tuple(heads)))

    def begin(self, path: Path, shape: tuple[int, int], heads: Sequence[int], all_heads: int) -> None:
        """Pack in the background, unless it is not worth it or too much for the memory.

        :param path: checked FAISS file of all heads.
        :param shape: vectors, values of each.
        :param all_heads: H; head `i` has the values from `i * dim / H` on.
        """
        key = (*file_key(path), tuple(heads))
        size = shape[0] * shape[1] * len(heads) // all_heads * CODECS[self._codec].bytes_per_value
        if len(heads) > _MOST * all_heads or size > _MOST * KEPT.limit:
            return

        def task() -> None:
            try:
                KEPT.put(key, pack(path, self._codec, shape, heads, all_heads), size)
            except (OSError, MemoryError) as error:
                logger.warning("The heads %s of %s stay unpacked, searches are slower: %s", list(heads), path, error)
            with self._lock:
                self._asked.discard(key)

        with self._lock:
            if key in self._asked:
                return
            self._asked.add(key)
        self._background.submit(task)


def pack(path: Path, codec: Codec, shape: tuple[int, int], heads: Sequence[int], all_heads: int) -> Any:
    """A FAISS index of the chosen heads' columns alone; see `Packs.begin`."""
    import faiss

    count, dim = shape
    width = dim // all_heads  # values of a head
    step = width * CODECS[codec].bytes_per_value
    packed: Any = faiss.index_factory(width * len(heads), CODECS[codec].factory, INNER_PRODUCT)
    if CODECS[codec].ranges:
        _copy_ranges(faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC), packed, width, heads)
    packed.codes.resize(count * step * len(heads))
    target = faiss.rev_swig_ptr(packed.codes.data(), count * step * len(heads)).reshape(count, len(heads), step)
    # a stored vector is its code and nothing else, and the codes are the end of the file
    offset = path.stat().st_size - count * all_heads * step
    stored = np.memmap(path, np.uint8, "r", offset, (count, all_heads, step))
    for start in range(0, count, _CHUNK):
        SEARCHING.give_way()
        for place, head in enumerate(heads):
            target[start : start + _CHUNK, place] = stored[start : start + _CHUNK, head]
    packed.ntotal = count
    return packed


def _copy_ranges(source: Any, packed: Any, width: int, heads: Sequence[int]) -> None:
    """The range of each value that an SQ8 code spans: all lower ends, then all widths."""
    import faiss

    ranges = faiss.vector_to_array(source.sq.trained).reshape(2, -1, width)[:, list(heads)]
    faiss.copy_array_to_vector(np.ascontiguousarray(ranges).ravel(), packed.sq.trained)
    packed.is_trained = True
