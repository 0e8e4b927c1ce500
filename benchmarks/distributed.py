"""Two workers of one thread each on a local Ray cluster against one: the same build, from the annotated corpus on.

The whole wall time counts, from the call to the opened index: Ray itself runs already, the workers do not.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from exbert_hub import demo
from exbert_hub.corpus import open_corpus
from exbert_hub.index import CorpusIndex, RayEngine
from exbert_hub.index.ray.cluster import connect
from exbert_hub.model import Inspector

from .building import SHAPES, bert
from .measure import Row, at_least, figure

SHAPE = "12x768"
SHARDS = 8  # about: so that two workers end at about the same time


class Times(NamedTuple):
    """Seconds of a build."""

    whole: float
    first: float  # until the first shard lies in the storage
    shards: float  # from there to the last one
    merging: float  # and opening

    def __str__(self) -> str:
        return (
            f"{self.first:.1f} s to the first shard, {self.shards:.1f} s to the last, {self.merging:.1f} s to the end"
        )


def quick() -> list[Row]:
    """In half a minute: mostly what it takes to start the workers, so that nothing is demanded."""
    one, two = measured(sentences=100, runs=1)
    return [figure("two workers against one, a small build", one.whole / two.whole, note=f"one: {one}; two: {two}")]


def full() -> list[Row]:
    """In two and a half minutes: one run of each, since it is the longest of all sections."""
    sentences = 1000
    one, two = measured(sentences, runs=1)
    note = f"{SHAPE}, random weights, {sentences} annotated sentences; starting workers included"
    return [
        at_least("two workers against one", one.whole / two.whole, 1.5, note=note),
        figure("one worker", one.whole, "s", note=str(one)),
        figure("two workers", two.whole, "s", note=str(two)),
    ]


def measured(sentences: int, runs: int) -> tuple[Times, Times]:
    """Builds in turns with one worker and with two; the best of each."""
    with bert(*SHAPES[SHAPE]) as inspector:
        connect(RayEngine(workers=2))  # before Ray is imported: it says which addresses Ray listens on
        import ray

        try:
            times: dict[int, list[Times]] = {1: [], 2: []}
            for _ in range(runs):
                for workers, spent in times.items():
                    spent.append(build(inspector, workers, sentences))
        finally:
            ray.shutdown()
    return min(times[1]), min(times[2])


def build(inspector: Inspector, workers: int, sentences: int) -> Times:
    corpus = open_corpus(demo.CORPUS)
    pieces = 21 * sentences // SHARDS
    told: list[float] = []
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        CorpusIndex.build(
            inspector,
            corpus,
            Path(folder) / "index",
            limit=sentences,
            shard_pieces=pieces,
            engine=RayEngine(workers=workers),
            progress=lambda done, total: told.append(time.perf_counter()),
        )
        end = time.perf_counter()
    return Times(end - start, told[0] - start, told[-1] - told[0], end - told[-1])
