"""FAISS files: written through `datasets`, header and length checked before FAISS reads them, opened memory-mapped.

A FAISS file is parsed by native code that trusts it, and an index from the Hub is written by a stranger. So the header
is read here first: only flat and scalar-quantised inner-product indexes pass, with the dimension, the count and the
exact byte length that the manifest promises. What follows the header are numbers, whatever their bytes.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..errors import IndexFormatError
from .types import Codec

if TYPE_CHECKING:
    import datasets

FACTORY: dict[Codec, str] = {"fp16": "SQfp16", "fp32": "Flat", "sq8": "SQ8"}
BYTES_PER_VALUE: dict[Codec, int] = {"fp16": 2, "fp32": 4, "sq8": 1}

# faiss/impl/index_write.cpp: fourcc, d, ntotal, two dummies of 1 << 20, is_trained, metric_type
_HEADER = struct.Struct("<4siqqqBi")
# IndexScalarQuantizer goes on with qtype, rangestat, rangestat_arg, d, code_size, len(trained)
_QUANTIZER = struct.Struct("<iifQQQ")
_LENGTH = struct.Struct("<Q")
_QUANTIZER_TYPE: dict[Codec, int] = {"fp16": 4, "sq8": 0}  # faiss.ScalarQuantizer.QT_fp16, QT_8bit
_INNER_PRODUCT = 0
_TRAINING_SAMPLE = 100_000
_CHUNK = 65_536


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
        head = file.read(_HEADER.size + _QUANTIZER.size + _LENGTH.size)
        if len(head) < _HEADER.size + _LENGTH.size:
            raise IndexFormatError(f"{path} is cut short ({size} bytes): download or build it again")
        fourcc, d, ntotal, _, _, trained, metric = _HEADER.unpack_from(head)
        expected_type = b"IxFI" if codec == "fp32" else b"IxSQ"
        facts = {
            "index type": (fourcc, expected_type),
            "dimension": (d, dim),
            "number of vectors": (ntotal, count),
            "metric": (metric, _INNER_PRODUCT),
            "is_trained": (trained, 1),
        }
        end = _HEADER.size
        if fourcc == b"IxSQ" and codec != "fp32" and len(head) >= end + _QUANTIZER.size:
            qtype, rangestat, _, qd, code_size, ranges = _QUANTIZER.unpack_from(head, end)
            facts |= {
                "quantiser": (qtype, _QUANTIZER_TYPE[codec]),
                "range statistics": (rangestat, 0),
                "quantiser dimension": (qd, dim),
                "code size": (code_size, dim * BYTES_PER_VALUE[codec]),
                "trained ranges": (ranges, 2 * dim if codec == "sq8" else 0),
            }
            end += _QUANTIZER.size + 4 * (2 * dim if codec == "sq8" else 0)
        for name, (found, expected) in facts.items():
            if found != expected:
                raise IndexFormatError(f"{path}: {name} is {found!r}, expected {expected!r}; the file is not opened")
        file.seek(end)
        values = count * dim * BYTES_PER_VALUE[codec]
        # a flat index counts floats, a quantised one bytes
        stored = values // 4 if codec == "fp32" else values
        length = file.read(_LENGTH.size)
        if length != _LENGTH.pack(stored) or size != end + _LENGTH.size + values:
            raise IndexFormatError(f"{path}: {size} bytes are not those of {count} vectors of {dim} in {codec}")


def write_vectors(vectors: np.ndarray, path: Path, codec: Literal["fp16", "fp32"]) -> None:
    """Write the normalised vectors of a shard as an inner-product FAISS index, through `datasets`' own call.

    :param vectors: [n, d] with n > 0, any float dtype.
    """
    import datasets

    holder = datasets.Dataset.from_dict({"row": range(len(vectors))})
    with quiet_datasets():
        holder.add_faiss_index_from_external_arrays(
            np.ascontiguousarray(vectors, np.float32),
            index_name="vectors",
            string_factory=FACTORY[codec],
            metric_type=_INNER_PRODUCT,
            batch_size=_CHUNK,
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    holder.save_faiss_index("vectors", str(path))


def merge_vectors(parts: Sequence[Path], path: Path, codec: Codec) -> None:
    """Merge the FAISS files of the shards into one, in order; holds one layer in memory.

    Shards of an `sq8` build hold fp16: SQ8 ranges trained apart would merge into corrupt vectors without an error, so
    they are encoded once, here, with ranges trained on an even sample over all shards.
    """
    import faiss

    shards = [faiss.read_index(str(part), faiss.IO_FLAG_MMAP_IFC) for part in parts]
    total = sum(shard.ntotal for shard in shards)
    path.parent.mkdir(parents=True, exist_ok=True)
    merged = faiss.index_factory(shards[0].d, FACTORY[codec], faiss.METRIC_INNER_PRODUCT)
    if codec == "sq8":
        step = max(1, -(-total // _TRAINING_SAMPLE))
        sample = [shard.reconstruct_batch(np.arange(0, shard.ntotal, step)) for shard in shards if shard.ntotal]
        merged.train(np.concatenate(sample))
    for shard in shards:
        for start in range(0, shard.ntotal, _CHUNK):
            merged.add(shard.reconstruct_n(start, min(_CHUNK, shard.ntotal - start)))
    faiss.write_index(merged, str(path))


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


def nearest(tokens: datasets.Dataset, name: str, query: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Exact search for one query.

    :param query: float32 [d].
    :return: scores float32 [k] descending, rows int64 [k]; fewer where the index is smaller than `k`.
    """
    found: Any = tokens.get_index(name).search(query, k=min(k, len(tokens)))
    rows = np.asarray(found.indices, np.int64)
    if rows.min(initial=0) < 0:
        raise IndexFormatError(f"the vectors {name} are not all numbers: build the index again")
    return np.asarray(found.scores), rows
