"""Fast search in large indexes: a coarse stage picks candidates, the vectors themselves rank them.

The coarse stage is a product quantiser of 4-bit codes read with SIMD shuffles (FAISS "PQ…x4fs"; André et al. 2015,
Cache locality is not enough), about one code for three values. It is an extra file per layer and kind, made from the
vectors alone, and held in memory while it is used. Scores are those of an exact search; only a row that the coarse
stage ranks below its candidates (`candidates`, 60 a result and more in large indexes) can be missed.
`benchmarks/factories.py` sets it beside others, `benchmarks/growth.py` measures it up to 5 million vectors.
"""

from __future__ import annotations

import logging
import math
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from exbert_hub.cache import locked
from exbert_hub.errors import IndexFormatError
from exbert_hub.files import sha256_of
from exbert_hub.index.format.codecs import INNER_PRODUCT
from exbert_hub.index.format.manifest import FileEntry, Manifest, VectorSpec

from .memory import KEPT, file_key
from .vectors import HEADER, check_rows, one_thread

if TYPE_CHECKING:
    import faiss

logger = logging.getLogger(__name__)

COARSE_FROM = 200_000
"""Pieces from which on an index gets a coarse stage, and is searched with it, unless told otherwise."""

_TRAINING_SAMPLE = 65_536
_CHUNK = 65_536
_BLOCK = 32  # vectors that FAISS interleaves
_BITS = 4
_MORE_CANDIDATES_FROM = 500_000  # vectors: `Shape.candidates` were chosen at this size (`benchmarks/factories.py`)
_EXACT_SHARE = 0.25  # of the rows: with more candidates than that, reading all of them is as fast

# faiss/impl/index_write.cpp, after the header: d, M, nbits, number of centroid values
_QUANTIZER = struct.Struct("<QQQQ")
# after the centroids: implem, bbs, qbs, ntotal rounded up, M rounded up, bytes of codes
_SCAN = struct.Struct("<iiiQQQ")


class Shape(NamedTuple):
    """How the vectors of one width are coded."""

    values: int  # coded together
    candidates: int  # per result, in an index of up to _MORE_CANDIDATES_FROM vectors


def shape_of(dim: int) -> Shape:
    """Three values a code where the width allows it; coarser codes are made up for by more candidates."""
    for shape in (Shape(3, 60), Shape(4, 120), Shape(2, 30)):
        if dim % shape.values == 0:
            return shape
    return Shape(1, 20)


def candidates(dim: int, total: int) -> int:
    """How many rows of `total` the coarse stage names for every result.

    The more vectors there are, the more of them come between two true neighbours in the order of the coarse stage,
    whose error stays the same. At 5 million x 384, recall@50 falls to 0.980 with 60, and is 0.997 with 190: growing
    with the square root keeps it above 0.99, at a cost that does not show beside the scan.
    """
    return math.ceil(shape_of(dim).candidates * max(1.0, math.sqrt(total / _MORE_CANDIDATES_FROM)))


def check_coarse(path: Path, dim: int, count: int) -> None:
    """Refuse a coarse stage that is not that of `count` vectors of this width, by header and exact byte length.

    :raises IndexFormatError: on any deviation.
    """
    codes = dim // shape_of(dim).values
    blocks, wide = -(-count // _BLOCK) * _BLOCK, codes + codes % 2
    centroids = dim << _BITS
    end = HEADER.size + _QUANTIZER.size + 4 * centroids
    with path.open("rb") as file:
        head = file.read(HEADER.size + _QUANTIZER.size)
        file.seek(end)
        scan = file.read(_SCAN.size)
    if len(head) + len(scan) < HEADER.size + _QUANTIZER.size + _SCAN.size:
        raise IndexFormatError(f"{path} is cut short: download or build it again")
    fourcc, d, ntotal, _, _, trained, metric = HEADER.unpack_from(head)
    stored = blocks * wide // 2
    actual = (fourcc, d, ntotal, trained, metric, *_QUANTIZER.unpack_from(head, HEADER.size), *_SCAN.unpack(scan))
    quantiser, scanned = (dim, codes, _BITS, centroids), (0, _BLOCK, 0, blocks, wide, stored)
    expected = (b"IPfs", dim, count, 1, INNER_PRODUCT, *quantiser, *scanned)
    if actual != expected or path.stat().st_size != end + _SCAN.size + stored:
        raise IndexFormatError(f"{path} is not the coarse stage of {count} vectors of {dim} values: it is not opened")


def write_coarse(vectors: Path, path: Path) -> None:
    """Make the coarse stage of a checked FAISS file; trained on an even sample, the same every time."""
    import faiss

    source = faiss.read_index(str(vectors), faiss.IO_FLAG_MMAP_IFC)
    coarse = faiss.IndexPQFastScan(source.d, source.d // shape_of(source.d).values, _BITS, INNER_PRODUCT)
    step = max(1, source.ntotal // _TRAINING_SAMPLE)
    coarse.train(source.reconstruct_batch(np.arange(0, source.ntotal, step)))
    for start in range(0, source.ntotal, _CHUNK):
        coarse.add(source.reconstruct_n(start, min(_CHUNK, source.ntotal - start)))
    faiss.write_index(coarse, str(path))


def add_coarse_stages(folder: Path, progress: Callable[[int, int], None] | None = None) -> Manifest:
    """Add the coarse stage of every layer and kind to a finished index, where it is missing.

    :param folder: of the index.
    :param progress: called with the files done and to do.
    """
    with locked(folder):
        manifest = Manifest.load(folder)
        manifest.check_own(folder)
        missing = [spec for spec in manifest.vectors if spec.coarse_file not in manifest.files]
        entries: dict[str, FileEntry] = {}
        for done, spec in enumerate(missing, 1):
            path = folder / spec.coarse_file
            write_coarse(folder / spec.file, path)
            entries[spec.coarse_file] = FileEntry(path.stat().st_size, sha256_of(path))
            logger.info("Fast search of %s is ready (%d of %d)", spec.name, done, len(missing))
            if progress:
                progress(done, len(missing))
        manifest = replace(manifest, files=dict(sorted((manifest.files | entries).items())))
        manifest.save(folder)
        return manifest


def uses_coarse(manifest: Manifest, spec: VectorSpec, exact: bool | None) -> bool:
    """Whether a search is to use the coarse stage.

    :param exact: what the caller wants; by size if None.
    """
    wanted = manifest.pieces >= COARSE_FROM if exact is None else not exact
    return wanted and spec.coarse_file in manifest.files


def pays_off(dim: int, count: int, total: int) -> bool:
    """Whether `count` results from `total` vectors need few enough candidates."""
    return count * candidates(dim, total) <= _EXACT_SHARE * total


def search_coarse(vectors: faiss.Index, coarse: Path, query: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The `k` nearest rows as far as the coarse stage finds them.

    :param vectors: what ranks the candidates.
    :param coarse: checked file of the coarse stage.
    :param query: float32 [d].
    :return: scores float32 [k] descending, rows int64 [k].
    """
    import faiss

    refined = faiss.IndexRefine(_open(coarse), vectors)
    refined.k_factor = candidates(len(query), vectors.ntotal)
    with one_thread():
        scores, rows = refined.search(query[None], k)
    return scores[0], check_rows(rows[0], coarse.name)


def _open(path: Path) -> faiss.Index:
    """In memory: FAISS does not map this kind of index."""
    import faiss

    key = file_key(path)
    if (index := KEPT.get(key)) is None:
        index = faiss.read_index(str(path))
        KEPT.put(key, index, path.stat().st_size)
    return index
