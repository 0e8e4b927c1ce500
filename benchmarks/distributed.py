"""Two workers of one thread each on a local Ray cluster against one: the same build, from the annotated corpus on."""

from __future__ import annotations

import tempfile
from pathlib import Path

from exbert_hub import demo
from exbert_hub.corpus import open_corpus
from exbert_hub.index import CorpusIndex, RayEngine
from exbert_hub.index.cluster import connect
from exbert_hub.model import Inspector

from .measure import Row, at_least, figure, seconds

SHARDS = 8  # at least: so that two workers end at about the same time


def quick() -> list[Row]:
    return measured(runs=1, limit=300)


def full() -> list[Row]:
    return measured(runs=3, limit=None)


def measured(runs: int, limit: int | None) -> list[Row]:
    """Builds in turns with one worker and with two; the best of each."""
    import ray

    inspector = Inspector.from_pretrained(demo.MODEL, device="cpu", local_files_only=True)
    connect(RayEngine(workers=2))
    try:
        times: dict[int, list[float]] = {1: [], 2: []}
        for _ in range(runs):
            for workers, spent in times.items():
                spent.append(seconds(lambda workers=workers: build(inspector, workers, limit)))
    finally:
        ray.shutdown()
    one, two = min(times[1]), min(times[2])
    return [
        at_least("two workers against one", one / two, 1.5, note=f"best of {runs}, starting workers included"),
        figure("one worker", one, "s"),
        figure("two workers", two, "s"),
    ]


def build(inspector: Inspector, workers: int, limit: int | None) -> None:
    corpus = open_corpus(demo.CORPUS)
    pieces = 30 * min(len(corpus), limit or len(corpus)) // SHARDS
    with tempfile.TemporaryDirectory() as folder:
        CorpusIndex.build(
            inspector,
            corpus,
            Path(folder) / "index",
            limit=limit,
            shard_pieces=pieces,
            engine=RayEngine(workers=workers),
            progress=lambda done, total: None,
        )
