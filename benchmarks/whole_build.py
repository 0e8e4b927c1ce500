"""Whole builds, each in a process of its own: how well they use the machine, and the memory that they take.

`python -m benchmarks.whole_build memory 800000` measures the memory of a build of so many pieces, which takes minutes.
"""

from __future__ import annotations

import itertools
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from exbert_hub import demo
from exbert_hub.corpus import open_corpus
from exbert_hub.corpus.types import CorpusInfo, Sentence

from .measure import Row, at_least, at_most, private_bytes

PIECES_PER_SENTENCE = 20  # of the demo's corpus, about; what was built is counted


def utilisation(sentences: int) -> Row:
    """Processor time of a build from plain text, spaCy's processes included, against wall time of all cores."""
    found = _alone("utilisation", sentences)
    cores = len(os.sched_getaffinity(0))
    note = (
        f"{found['pieces']:,} pieces in {found['wall']:.0f} s: spaCy from an empty cache, the demo's model, "
        "everything stored; CPU seconds / (wall x cores), starting of processes and merge included"
    )
    return at_least("use of the machine by a whole build", found["cpu"] / found["wall"] / cores, 0.75, note=note)


def memory(pieces: int) -> Row:
    """What a build adds to a process with a loaded model, against what `estimate` says of it."""
    found = _alone("memory", pieces)
    added, expected = found["added"] / 1e6, found["estimate"] / 1e6
    note = f"{added:,.0f} MB of private memory at the peak, {expected:,.0f} MB estimated; random 2x120 model"
    return at_most(f"memory of a build of {found['pieces']:,} pieces / estimate", added / expected, 1, note=note)


def _alone(*arguments: object) -> dict[str, float]:
    """What a process of its own finds, whose caches are empty."""
    with tempfile.TemporaryDirectory() as cache:
        command = [sys.executable, "-m", "benchmarks.whole_build", *map(str, arguments), "--json"]
        environment = os.environ | {"HF_ASSETS_CACHE": cache}
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _measure_utilisation(sentences: int) -> dict[str, float]:
    from exbert_hub.index import CorpusIndex
    from exbert_hub.model import Inspector

    texts = [sentence.text for sentence in Repeated(sentences)]
    inspector = Inspector.from_pretrained(demo.MODEL, local_files_only=True)
    with tempfile.TemporaryDirectory() as folder:
        before, start = _cpu_seconds(), time.perf_counter()
        index = CorpusIndex.build(inspector, texts, Path(folder) / "index", progress=lambda done, total: None)
        wall = time.perf_counter() - start
        return {"pieces": index.manifest.pieces, "wall": wall, "cpu": _cpu_seconds() - before}


def _cpu_seconds() -> float:
    """Of this process and of those that it started and that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _measure_memory(pieces: int) -> dict[str, float]:
    from exbert_hub.index import CorpusIndex
    from exbert_hub.index.build.estimate import estimate
    from exbert_hub.index.build.plan import make_plan

    from .building import bert

    with bert(2, 120) as inspector, tempfile.TemporaryDirectory() as folder:
        # what libraries load and keep is not the build's
        CorpusIndex.build(inspector, Repeated(200), Path(folder) / "first", progress=lambda done, total: None)
        corpus = Repeated(pieces // PIECES_PER_SENTENCE)
        plan = make_plan(inspector.model_info, corpus.info)
        expected = estimate(corpus, inspector, plan, Path(folder)).memory
        before, peak = private_bytes(), _Peak()
        with peak:
            index = CorpusIndex.build(inspector, corpus, Path(folder) / "index", progress=lambda done, total: None)
        return {"pieces": index.manifest.pieces, "added": peak.bytes - before, "estimate": expected}


class _Peak(threading.Thread):
    """The most private memory of this process, looked at every 5 ms."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.bytes = 0
        self._over = threading.Event()

    def __enter__(self) -> None:
        self.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        while not self._over.wait(0.005):
            self.bytes = max(self.bytes, private_bytes())


@dataclass(frozen=True)
class Repeated:
    """The demo's corpus again and again, each time with another number behind a text, so that none is known."""

    sentences: int

    @property
    def info(self) -> CorpusInfo:
        return open_corpus(demo.CORPUS).info

    def __len__(self) -> int:
        return self.sentences

    def __iter__(self) -> Iterator[Sentence]:
        corpus = open_corpus(demo.CORPUS)
        rounds = ((number, sentence) for number in itertools.count(1) for sentence in corpus)
        for number, sentence in itertools.islice(rounds, self.sentences):
            if number == 1:
                yield sentence
                continue
            more = f"{sentence.text} {number}."  # a word without an annotation at the end
            yield Sentence(more, sentence.words)


if __name__ == "__main__":
    from . import measure

    kind, size = sys.argv[1], int(sys.argv[2])
    if "--json" in sys.argv:
        print(json.dumps({"utilisation": _measure_utilisation, "memory": _measure_memory}[kind](size)))
    else:
        print(measure.machine(), measure.table([{"utilisation": utilisation, "memory": memory}[kind](size)]), sep="\n")
