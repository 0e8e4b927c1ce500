"""Coarse stages that FAISS offers for fast search: time, recall, bytes and what they take to build, side by side."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from .large import write_vectors
from .measure import Row, figure, median_of, seconds
from .searching import K
from .synthetic import Vectors

TRIED = (
    ("PQ{fourth}x4fs", 120),
    ("PQ{third}x4fs", 60),
    ("PQ{half}x4fs", 30),
    ("PCAR{half},PQ{fourth}x4fs", 60),
    ("RaBitQ", 20),
    ("RaBitQfs", 20),
    ("SQ4", 4),
    ("PCAR{third},SQ8", 10),
)
"""Factory and candidates per result, with `third` for a third of the width and so on."""


def quick() -> list[Row]:
    return compare(50_000, 384, queries=20, tried=TRIED[:2])


def full() -> list[Row]:
    return compare(100_000, 768, queries=50, tried=TRIED)


def compare(pieces: int, dim: int, queries: int, tried: tuple[tuple[str, int], ...]) -> list[Row]:
    """How many times faster than an exact search; what else there is to know in the note."""
    import faiss

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vectors"
        write_vectors(path, pieces, dim, "embedding")
        exact: Any = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
        asked = Vectors(dim).queries(queries)
        worst = exact.search(asked, K)[0][:, -1]
        slow = _time(exact, asked)
        rows = [figure(f"exact, {pieces:,} x {dim}", slow * 1e3, "ms")]
        widths = {"half": dim // 2, "third": dim // 3, "fourth": dim // 4}
        for factory, candidates in tried:
            name = factory.format(**widths)
            coarse: Any = faiss.index_factory(dim, name, faiss.METRIC_INNER_PRODUCT)
            building = seconds(lambda coarse=coarse: _fill(coarse, exact))  # type: ignore[misc]
            refined = faiss.IndexRefine(coarse, exact)
            refined.k_factor = candidates
            scores = np.concatenate([refined.search(query[None], K)[0] for query in asked])
            share = (scores >= worst[:, None] - 1e-6).mean()
            size = len(faiss.serialize_index(coarse)) / pieces
            one = _time(refined, asked)
            faiss.omp_set_num_threads(2)
            two = _time(refined, asked)
            faiss.omp_set_num_threads(1)
            note = (
                f"recall@50 {share:.4f} with {candidates} candidates a result, {one * 1e3:.1f} ms with one thread, "
                f"{two * 1e3:.1f} with two, {size:.0f} bytes a vector, built in {building:.0f} s"
            )
            rows.append(figure(name, slow / one, "times faster", note=note))
        return rows


def _fill(coarse: Any, exact: Any) -> None:
    coarse.train(exact.reconstruct_batch(np.arange(0, exact.ntotal, max(1, exact.ntotal // 65_536))))
    for start in range(0, exact.ntotal, 65_536):
        coarse.add(exact.reconstruct_n(start, min(65_536, exact.ntotal - start)))


def _time(index: Any, queries: np.ndarray) -> float:
    """Seconds of one query, median."""
    each = iter(range(10**9))
    return median_of(lambda: index.search(queries[next(each) % len(queries)][None], K), 15).value
