"""FAISS files: header and length checked before FAISS reads them, opened memory-mapped.

A FAISS file is parsed by native code that trusts it, and an index from the Hub is written by a stranger. So the header
is read here first: only flat and scalar-quantised inner-product indexes pass, with the dimension, the count and the
exact byte length that the manifest promises. What follows the header are numbers, whatever their bytes.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from exbert_hub.errors import IndexFormatError
from exbert_hub.index.format.codecs import CODECS, INNER_PRODUCT, ShardCodec
from exbert_hub.index.format.types import Codec

if TYPE_CHECKING:
    import datasets
    import faiss

# faiss/impl/index_write.cpp: fourcc, d, ntotal, two dummies of 1 << 20, is_trained, metric_type
HEADER = struct.Struct("<4siqqqBi")
# IndexScalarQuantizer goes on with qtype, rangestat, rangestat_arg, d, code_size, len(trained)
_QUANTIZER = struct.Struct("<iifQQQ")
_LENGTH = struct.Struct("<Q")
_TRAINING_SAMPLE = 100_000
_CHUNK = 65_536
# bytes written at a time, at multiples of that: Linux then keeps the file in larger folios, and the first search of a
# process maps 320 MB in 2.7 ms instead of the 4.7 ms that they take if written 1 MB at a time, as FAISS does (ext4)
_COPIED = 16 << 20
_ORDERED = 256 << 10  # bytes put in order at a time, so that no layer is held twice


def check_header(path: Path, codec: Codec, dim: int, count: int) -> None:
    """Refuse a FAISS file that is not exactly what the manifest says.

    :param path: file of one kind and layer.
    :param codec: how the manifest says vectors are stored.
    :param dim: width of the vectors.
    :param count: number of vectors.
    :raises IndexFormatError: on any deviation in type, metric, dimension, count or byte length.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(HEADER.size + _QUANTIZER.size + _LENGTH.size)
        if len(head) < HEADER.size + _LENGTH.size:
            raise IndexFormatError(f"{path} is cut short ({size} bytes): download or build it again")
        fourcc, d, ntotal, _, _, trained, metric = HEADER.unpack_from(head)
        stored_as = CODECS[codec]
        facts = {
            "index type": (fourcc, stored_as.fourcc),
            "dimension": (d, dim),
            "number of vectors": (ntotal, count),
            "metric": (metric, INNER_PRODUCT),
            "is_trained": (trained, 1),
        }
        end = HEADER.size
        is_quantised = fourcc == stored_as.fourcc and stored_as.quantiser is not None
        if is_quantised and len(head) >= end + _QUANTIZER.size:
            qtype, rangestat, _, qd, code_size, ranges = _QUANTIZER.unpack_from(head, end)
            facts |= {
                "quantiser": (qtype, stored_as.quantiser),
                "range statistics": (rangestat, 0),
                "quantiser dimension": (qd, dim),
                "code size": (code_size, dim * stored_as.bytes_per_value),
                "trained ranges": (ranges, stored_as.ranges * dim),
            }
            end += _QUANTIZER.size + 4 * stored_as.ranges * dim
        for name, (actual, expected) in facts.items():
            if actual != expected:
                raise IndexFormatError(f"{path}: {name} is {actual!r}, expected {expected!r}; the file is not opened")
        file.seek(end)
        values = count * dim * stored_as.bytes_per_value
        length = file.read(_LENGTH.size)
        if length != _LENGTH.pack(_stored_length(codec, count * dim)) or size != end + _LENGTH.size + values:
            raise IndexFormatError(f"{path}: {size} bytes are not those of {count} vectors of {dim} in {codec}")


def _stored_length(codec: Codec, values: int) -> int:
    """The number that FAISS writes before the values: a flat index counts floats, a quantised one bytes."""
    return values if CODECS[codec].quantiser is None else values * CODECS[codec].bytes_per_value


def write_vectors(vectors: np.ndarray, path: Path, order: np.ndarray | None = None) -> None:
    """Write a FAISS file.

    fp16 values are the very codes of SQfp16, so nothing is encoded, and FAISS is asked for the header only.

    :param vectors: normalised [n, dim], fp16 or fp32.
    :param order: int64 [n]: the vector of each row of the file; as they are if None.
    :raises OSError: if it cannot be written in full.
    """
    count, dim = vectors.shape
    order = np.arange(count) if order is None else order
    some = max(1, _ORDERED // (dim * vectors.itemsize))
    with path.open("wb") as file:
        file.write(_header(count, dim, "fp32" if vectors.dtype == np.float32 else "fp16"))
        for start in range(0, count, some):
            file.write(vectors[order[start : start + some]].data)


def _header(count: int, dim: int, codec: ShardCodec) -> bytes:
    """What FAISS writes before the codes of `count` vectors."""
    import faiss

    empty = faiss.serialize_index(faiss.index_factory(dim, CODECS[codec].factory, INNER_PRODUCT)).tobytes()
    fields = list(HEADER.unpack_from(empty))
    fields[2] = count
    length = _LENGTH.pack(_stored_length(codec, count * dim))
    return HEADER.pack(*fields) + empty[HEADER.size : -_LENGTH.size] + length


def merge_vectors(parts: Sequence[Path], path: Path, codec: Codec) -> None:
    """Merge the FAISS files of the shards into one, in order.

    Where shards hold another codec, as with `sq8`, the vectors are encoded once, here, and this one layer is held in
    memory: ranges trained shard by shard would merge into corrupt vectors without an error. All others are copied.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)  # it may be a link to a shard's file
    if CODECS[codec].in_shards:
        _concatenate(parts, path, CODECS[codec].shard_codec)
    else:
        _encode(parts, path, codec)


def _encode(parts: Sequence[Path], path: Path, codec: Codec) -> None:
    """With ranges trained on an even sample over all shards."""
    import faiss

    shards = [faiss.read_index(str(part), faiss.IO_FLAG_MMAP_IFC) for part in parts]
    merged = faiss.index_factory(shards[0].d, CODECS[codec].factory, INNER_PRODUCT)
    step = max(1, -(-sum(shard.ntotal for shard in shards) // _TRAINING_SAMPLE))
    merged.train(np.concatenate([shard.reconstruct_batch(np.arange(0, shard.ntotal, step)) for shard in shards]))
    for shard in shards:
        for start in range(0, shard.ntotal, _CHUNK):
            merged.add(shard.reconstruct_n(start, min(_CHUNK, shard.ntotal - start)))
    faiss.write_index(merged, str(path))


def _concatenate(parts: Sequence[Path], path: Path, codec: ShardCodec) -> None:
    """A header for all, then the codes of each."""
    counts, dim = [], 0
    for part in parts:
        with part.open("rb") as shard:
            _, dim, count, *_ = HEADER.unpack(shard.read(HEADER.size))
            counts.append(count)
    header = _header(sum(counts), dim, codec)
    with path.open("wb") as merged:
        merged.write(header)
        for part in parts:
            with part.open("rb") as shard:
                shard.seek(len(header))
                # up to a multiple of `_COPIED`, then whole ones
                while block := shard.read(_COPIED - merged.tell() % _COPIED):
                    merged.write(block)


def attach(tokens: datasets.Dataset, name: str, path: Path, dim: int) -> None:
    """Attach a checked FAISS file to the tokens, memory-mapped: nothing is copied, nothing is read yet."""
    import faiss

    index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
    with quiet_datasets():
        tokens.add_faiss_index_from_external_arrays(np.empty((0, dim), np.float32), name, custom_index=index)


@contextlib.contextmanager
def quiet_datasets() -> Iterator[None]:
    """`datasets` shows a bar per call; a build has a bar of its own."""
    from datasets.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    shown = not are_progress_bars_disabled()
    disable_progress_bars()
    try:
        yield
    finally:
        if shown:
            enable_progress_bars()


def read_vectors(tokens: datasets.Dataset, name: str, rows: np.ndarray) -> np.ndarray:
    """Some of the stored vectors, read from where they are mapped; the layer is not loaded.

    :param rows: int64 [n].
    :return: float32 [n, d], decoded.
    """
    return tokens.get_index(name).faiss_index.reconstruct_batch(rows)


def nearest(index: faiss.Index, name: str, query: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Exact search for one query.

    :param name: for an error.
    :param query: float32 [d].
    :return: scores float32 [k] descending, rows int64 [k].
    """
    with one_thread():
        scores, rows = index.search(query[None], k)
    return scores[0], check_rows(rows[0], name)


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Let this thread's FAISS calls start no others.

    FAISS divides queries among threads, so a single one is searched by one of them; the others would only wait for it
    busily, on the cores that read the attention meanwhile.
    """
    import faiss

    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def check_rows(rows: np.ndarray, name: str) -> np.ndarray:
    """What FAISS found.

    :raises IndexFormatError: if it found nothing, for it cannot compare what is no number.
    """
    if rows.min(initial=0) < 0:
        raise IndexFormatError(f"the vectors {name} are not all numbers: build the index again")
    return rows
