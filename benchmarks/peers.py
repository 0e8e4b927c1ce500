"""What one would use instead: `datasets` with its defaults, numpy, torch; and exBERT's way of building."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from exbert_hub import demo
from exbert_hub.corpus import open_corpus
from exbert_hub.index import CorpusIndex
from exbert_hub.index.store.coarse import search_coarse, write_coarse
from exbert_hub.index.store.vectors import nearest

from .building import SHAPES, bert
from .corpora import Sentences
from .large import write_vectors
from .measure import Row, figure, median_of, ratio_of, seconds
from .searching import K
from .storage import EXBERT
from .synthetic import Vectors


def quick() -> list[Row]:
    return [*searching(50_000, 384, runs=5), *building(20)]


def full() -> list[Row]:
    return [*searching(200_000, 768, runs=11), *building(80)]


def searching(pieces: int, dim: int, runs: int) -> list[Row]:
    """One query against the same vectors, in what each keeps them in by default."""
    import datasets
    import faiss
    import torch

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vectors"
        write_vectors(path, pieces, dim, "embedding")
        write_coarse(path, Path(folder) / "coarse")
        ours: Any = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
        vectors = ours.reconstruct_n(0, pieces)
        query = Vectors(dim).queries(1)[0]
        tensors, asked = torch.from_numpy(vectors), torch.from_numpy(query)
        table = datasets.Dataset.from_dict({"row": range(pieces)})
        table.add_faiss_index_from_external_arrays(vectors, "vectors")

        def numpy_search() -> np.ndarray:
            scores = vectors @ query
            best = np.argpartition(-scores, K)[:K]
            return best[np.argsort(-scores[best])]

        theirs = {
            "datasets.get_nearest_examples, its defaults": lambda: table.get_nearest_examples("vectors", query, K),
            "numpy brute force": numpy_search,
            "torch matmul and topk": lambda: torch.topk(tensors @ asked, K),
        }
        what, rows = f"{pieces:,} x {dim}", []
        mine = median_of(lambda: nearest(ours, "", query, K), runs)
        size = path.stat().st_size / vectors.nbytes
        rows.append(figure(f"exact search of ours, {what}", mine.value * 1e3, "ms", note=f"{size:.2f} of their bytes"))
        for name, search in theirs.items():
            rows.append(
                figure(f"{name} / exact", ratio_of(search, lambda: nearest(ours, "", query, K), runs), "times")
            )
            fast = ratio_of(search, lambda: search_coarse(ours, Path(folder) / "coarse", query, K), runs)
            rows.append(figure(f"{name} / fast", fast, "times"))
        return rows


def building(sentences: int) -> list[Row]:
    """A sentence at a time, every layer's fp32 states, contexts and attention dumped, against a build of ours."""
    corpus = open_corpus(demo.CORPUS)
    part = Sentences(corpus.info, tuple(itertools.islice(corpus, sentences)))
    with bert(*SHAPES["12x768"]) as inspector, tempfile.TemporaryDirectory() as folder:
        place = Path(folder)

        def exbert() -> None:
            for number, sentence in enumerate(part):
                batch = inspector.encode([inspector.tokenize(sentence.text).ids], weights=True)
                arrays = [*batch.hidden, *(batch.contexts or []), *(batch.weights or [])]
                kept = {str(i): array[0].float().numpy() for i, array in enumerate(arrays) if array is not None}
                np.savez(place / f"{number}.npz", **kept)

        theirs = seconds(exbert)
        dumped = sum(path.stat().st_size for path in place.glob("*.npz"))
        built: list[CorpusIndex] = []
        ours = seconds(
            lambda: built.append(
                CorpusIndex.build(inspector, part, place / "index", progress=lambda done, total: None)
            )
        )
        manifest = built[0].manifest
        size = sum(entry.size for entry in manifest.files.values())
        note = f"{manifest.pieces:,} pieces; batch of one, fp32, np.savez in place of HDF5, no FAISS"
        formula = f"by exBERT's formula {EXBERT[0]} + {EXBERT[1]} N kB per piece"
        return [
            figure("exBERT's way of building 12x768 / ours", theirs / ours, "times", note=note),
            figure("bytes of its dump / ours", dumped / size, "times", note=formula),
        ]
