"""Stored attention: one Parquet file per layer, one row per sentence, uint8 codes of the square root, [H, N, N].

Row groups are small (16 kB before compression, or one sentence), so that reading one sentence does not mean reading a
thousand: the 50 rows of a search are in 50 of them.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from cachetools import LRUCache

from exbert_hub.analysis.attention import coarsen, decode_sqrt
from exbert_hub.bounded_cache import BoundedCache
from exbert_hub.errors import IndexFormatError
from exbert_hub.index.format.types import Layer

from .memory import KEPT, file_key
from .whole_layer import Alike, WholeLayer, alike

SCHEMA = pa.schema([("attention", pa.binary())])
_ROW_GROUP_BYTES = 16 * 1024
_CACHED_BYTES = 32 * 1024**2  # row groups kept per layer; a layer of no more is kept whole, once it was counted over
_BLOCK_BYTES = 16 * 1024**2  # codes of a whole layer that are taken at a time, to be taken together
_PASSED_BYTES = 1024**2  # likewise where sentences come one by one, of all layers beside each other
_OPEN_LAYERS = 8
_OVERHEAD_BYTES = 4096  # of a row group, beside its codes
_OPTIONS = {"compression": "zstd", "compression_level": 1, "use_dictionary": False, "write_statistics": False}


class AttentionWriter:
    """Writes the sentences of one layer in order."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = pq.ParquetWriter(path, SCHEMA, **_OPTIONS)
        self._pending: list[bytes] = []
        self._bytes = 0

    def add(self, codes: bytes) -> None:
        """Append the codes of one sentence, the bytes of a C-ordered uint8 array [H, N, N]."""
        if self._bytes + len(codes) > _ROW_GROUP_BYTES:
            self._flush()
        self._pending.append(codes)
        self._bytes += len(codes)

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._pending:
            self._writer.write_table(pa.table({"attention": self._pending}, schema=SCHEMA))
        self._pending, self._bytes = [], 0


def write_attention(sentences: Sequence[bytes], path: Path) -> None:
    """Write one layer of a shard.

    :param sentences: codes as `AttentionWriter.add` takes them.
    """
    writer = AttentionWriter(path)
    for codes in sentences:
        writer.add(codes)
    writer.close()


def merge_attention(parts: Sequence[Path], path: Path, coarse_heads: int | None = None) -> None:
    """Concatenate the files of the shards, a few sentences in memory at a time.

    :param coarse_heads: heads of the layer, to store coarser codes: zstd spends bits on the levels that occur, so they
        need no other layout, and every reader reads them as before.
    """
    writer = AttentionWriter(path)
    for part in parts:
        with pq.ParquetFile(part, pre_buffer=False) as file:
            for batch in file.iter_batches(batch_size=8):
                for codes in batch.column(0).to_pylist():
                    writer.add(_coarser(codes, coarse_heads) if coarse_heads else codes)
    writer.close()


def _coarser(codes: bytes, heads: int) -> bytes:
    pieces = math.isqrt(len(codes) // heads)
    return coarsen(np.frombuffer(codes, np.uint8).reshape(heads, pieces, pieces)).tobytes()


class AttentionReader:
    """Random access to the sentences of one layer.

    :param path: file of the layer.
    :param heads: H of the layer.
    :param lengths: int [sentences], pieces of each sentence, special tokens counted.
    :raises IndexFormatError: if the file has not one binary column with a row for each sentence, or holds more bytes
        than their attention has.
    """

    def __init__(self, path: Path, heads: int, lengths: np.ndarray) -> None:
        self._path, self._heads, self.lengths = path, heads, lengths
        self._key = (*file_key(path), "attention")
        try:
            # read, not mapped: the first search of a process would wait for its pages; not ahead either, or another
            # thread reads every group while this one waits for it, which takes longer than the reading
            self._file = pq.ParquetFile(path, pre_buffer=False)
        except (pa.ArrowException, OSError) as error:
            raise IndexFormatError(f"{path} is not a Parquet file: {error}") from error
        metadata = self._file.metadata
        # each group is asked once: a large index has many, and the first search waits for this
        groups = [
            (group.num_rows, group.total_byte_size)
            for group in map(metadata.row_group, range(metadata.num_row_groups))
        ]
        rows, stored = np.array(groups, np.int64).reshape(-1, 2).T
        self._first = np.concatenate([[0], np.cumsum(rows)])
        fits = (rows >= 0).all() and self._first[-1] == len(lengths)
        if self._file.schema_arrow.remove_metadata() != SCHEMA or not fits:
            raise IndexFormatError(
                f"{path} is not the attention of {len(lengths)} sentences; download or build it again"
            )
        sizes = np.concatenate([[0], np.cumsum(heads * lengths.astype(np.int64) ** 2 + 4)])
        if (stored > np.diff(sizes[self._first]) + _OVERHEAD_BYTES).any():
            raise IndexFormatError(f"{path} holds more than the attention of {heads} heads: not opened")
        self._reading = threading.Lock()  # one reader of Arrow used from two threads crashes the process
        self._kept: BoundedCache[int, list[bytes]] = BoundedCache(_CACHED_BYTES)  # rows of the groups read last
        self._size = stored  # bytes of each group

    def __len__(self) -> int:
        return len(self.lengths)

    def around(self, places: Sequence[tuple[int, int]], heads: Sequence[int]) -> list[tuple[np.ndarray, np.ndarray]]:
        """Attention out of and into some pieces, mean over some heads: float32 [N] each, special tokens included.

        Only these two lines are decoded: a search shows 50 pieces, and nothing else of their sentences.

        :param places: sentence of each piece, and its position there.
        """
        if not places:
            return []
        chosen, lines = np.array(heads), []
        for codes, (_, position) in zip(self._of([sentence for sentence, _ in places]), places, strict=True):
            lines += [codes[chosen, position], codes[chosen, :, position]]
        mean = decode_sqrt(np.concatenate(lines, axis=1)).sum(0) / np.float32(len(heads))
        parts = np.split(mean, np.cumsum([line.shape[1] for line in lines[:-1]]))
        return list(zip(parts[::2], parts[1::2], strict=True))

    def alike(self, heads: Sequence[int]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Attention of every sentence, sum over some heads, those with the same number of pieces together: one by
        one they take much longer, since most are short.

        :return: int [n], which sentences they are, and float32 [n, N, N].
        """
        whole = self._whole()
        for part in self._parts() if whole is None else whole.parts:
            total = np.zeros(part.codes.shape[1:], np.float32)
            for head in heads:
                total += decode_sqrt(part.codes[head])
            yield part.numbers, total

    def _whole(self) -> WholeLayer | None:
        """The layer in memory, if it is small."""
        size = int(self._heads * (self.lengths.astype(np.int64) ** 2).sum())
        if size > _CACHED_BYTES:
            return None
        layer = KEPT.get(self._key)
        if layer is None:
            layer = WholeLayer(self._parts())
            KEPT.put(self._key, layer, size)
            self._kept.clear()
        return layer

    def _parts(self) -> Iterator[Alike]:
        for numbers in self._blocks(_BLOCK_BYTES):
            yield from alike(numbers, self._of(numbers, keep=False))

    def of_heads(self, sentence: int, heads: Sequence[int]) -> np.ndarray:
        """Attention of some heads in one sentence: float32 [h, N, N]."""
        (codes,) = self._of([sentence])
        return decode_sqrt(codes[list(heads)])

    def out_of(self, sentence: int, position: int) -> np.ndarray:
        """Attention of all heads out of one piece: float32 [H, N]."""
        (codes,) = self._of([sentence])
        return decode_sqrt(codes[:, position])

    def __iter__(self) -> Iterator[np.ndarray]:
        """Attention of every sentence in order: float32 [H, N, N]. Nothing is kept, they are not needed again."""
        for numbers in self._blocks(_PASSED_BYTES):
            yield from map(decode_sqrt, self._of(numbers, keep=False))

    def _blocks(self, size: int) -> Iterator[np.ndarray]:
        """The numbers of all sentences in order, int [n], as many at a time as have about so many bytes of codes."""
        stored = np.cumsum(self._heads * self.lengths.astype(np.int64) ** 2)
        yield from np.split(np.arange(len(self)), np.flatnonzero(np.diff(stored // size)) + 1)

    def _of(self, sentences: Sequence[int] | np.ndarray, keep: bool = True) -> list[np.ndarray]:
        """uint8 [H, N, N] of each sentence."""
        whole = KEPT.get(self._key)
        if whole is not None:
            return list(map(whole.codes, map(int, sentences)))
        groups = (np.searchsorted(self._first, sentences, "right") - 1).tolist()
        rows = self._rows(groups, keep)
        return [
            self._codes(rows[group][sentence - int(self._first[group])], sentence)
            for group, sentence in zip(groups, sentences, strict=True)
        ]

    def _rows(self, groups: Sequence[int], keep: bool) -> dict[int, list[bytes]]:
        """The rows of some groups; those that are not kept are read together, which takes half the time."""
        wanted = sorted(set(groups))
        with self._reading:
            kept = {group: rows for group in wanted if (rows := self._kept.get(group)) is not None}
            new = self._read([group for group in wanted if group not in kept])
            if keep:
                for group, rows in new.items():
                    self._kept.put(group, rows, int(self._size[group]))
        return kept | new

    def _read(self, groups: list[int]) -> dict[int, list[bytes]]:
        if not groups:
            return {}
        try:
            read = self._file.read_row_groups(groups, use_threads=False).column(0).to_pylist()
        except (pa.ArrowException, OSError) as error:
            raise IndexFormatError(f"{self._path} cannot be read: download or build it again: {error}") from error
        ends = np.cumsum([self._first[group + 1] - self._first[group] for group in groups]).tolist()
        if len(read) != ends[-1]:
            raise IndexFormatError(f"{self._path} lacks rows that it says it has: download or build it again")
        return {group: read[start:end] for group, start, end in zip(groups, [0, *ends], ends, strict=False)}

    def _codes(self, row: bytes | None, sentence: int) -> np.ndarray:
        """uint8 [H, N, N]."""
        pieces = int(self.lengths[sentence])
        if row is None or len(row) != pieces * pieces * self._heads:
            raise IndexFormatError(f"{self._path}: row {sentence} is not the attention of {self._heads} heads")
        return np.frombuffer(row, np.uint8).reshape(self._heads, pieces, pieces)


class Readers:
    """The readers of the layers that were used last, each with a bounded cache.

    Opening one reads the footer of its file, which grows with the corpus: a search begins that beside reading the
    vectors, and waits for it when it has found what to show.

    :param open: opens the reader of a layer.
    """

    def __init__(self, open: Callable[[Any], AttentionReader]) -> None:
        self._open = open
        self._lock = threading.Lock()
        self._begun: LRUCache[Layer, Future[AttentionReader]] = LRUCache(_OPEN_LAYERS)

    def __call__(self, layer: Layer) -> AttentionReader:
        """The reader of a layer; raises what opening it raised."""
        return self.begin(layer).result()

    def begin(self, layer: Layer) -> Future[AttentionReader]:
        """Open a reader unless that is done already."""
        with self._lock:
            future = self._begun.get(layer)
            if future is None:
                future = self._begun[layer] = Future()
                threading.Thread(target=self._fill, args=(layer, future), name="exbert-attention", daemon=True).start()
            return future

    def _fill(self, layer: Layer, future: Future[AttentionReader]) -> None:
        try:
            future.set_result(self._open(layer))
        except Exception as error:  # raised where the result is asked for
            with self._lock:
                if self._begun.get(layer) is future:
                    del self._begun[layer]  # it may come again
            future.set_exception(error)
