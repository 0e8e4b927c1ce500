"""The head finder: what it adds to a build, how fast it finds a subset, and the best head per label.

    python -m benchmarks.heads [TEXT FILE]

prints the tables of docs/heads.md, for the demo's corpus or another text.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from exbert_hub import demo
from exbert_hub.corpus import open_corpus
from exbert_hub.corpus.annotation import annotate
from exbert_hub.index import CorpusIndex
from exbert_hub.index.build import compute
from exbert_hub.index.measure.head_counts import HeadCounts
from exbert_hub.model import Inspector

from .corpora import Sentences
from .measure import Row, at_most, median_of, ratio_of

LEAST = 100  # words with a label, for the table


def quick() -> list[Row]:
    """In half a minute: a part of the corpus."""
    return [*added(sentences=200, runs=3), *subsets(runs=3)]


def full() -> list[Row]:
    """A ninth of the demo's corpus; for the subsets, the demo's index."""
    return [*added(sentences=200, runs=3), *subsets(runs=5)]


def added(sentences: int, runs: int) -> list[Row]:
    """What measuring adds to a build."""
    inspector = Inspector.from_pretrained(demo.MODEL, local_files_only=True)
    whole = open_corpus(demo.CORPUS)
    corpus = Sentences(whole.info, tuple(itertools.islice(whole, sentences)))
    texts = [sentence.text for sentence in corpus]
    rows = []
    for what, source in (("from text", texts), ("of an annotated corpus", corpus)):
        more = ratio_of(lambda: build(inspector, source), lambda: without(inspector, source), runs)  # noqa: B023
        note = f"with and without, in turns, {len(corpus):,} sentences, the demo's small model"
        name, spread = f"wall time that measuring heads adds to a build {what}", 100 * more.spread
        rows.append(at_most(name, 100 * (more.value - 1), 10, "%", note=note, spread=spread))
    return rows


def subsets(runs: int) -> list[Row]:
    """How long the subset finder takes for one layer."""
    inspector, index = demo.load()
    seen, rows = inspector.inspect(demo.SENTENCE, mask=["escape"]), []
    for label, field, of in (("dobj", "dep", "max_attention"), ("VERB", "pos", "match")):
        took = median_of(lambda: index.find_heads(seen, "escape", label, field, of, layer=3), runs)  # noqa: B023
        name = f"subset of 12 heads, {of} {field} {label}"
        rows.append(at_most(name, took, 2, "s", note=f"{len(index):,} pieces, one layer"))
    return rows


def build(inspector: Inspector, source: object) -> None:
    """With a cache of its own, so that texts are annotated each time."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        with mock.patch.object(annotate, "cache_root", lambda: place / "cache"):
            CorpusIndex.build(inspector, source, place / "index", progress=lambda done, total: None)


def without(inspector: Inspector, source: object) -> None:
    with mock.patch.object(compute, "_meter", lambda *_: Idle()):
        build(inspector, source)


class Idle:
    """Measures nothing."""

    counts = HeadCounts((), (), {})

    def measure(self, *_: object) -> dict[str, object]:
        """No sums."""
        return {}

    def add(self, sums: object) -> None:
        """Not even those."""


@contextmanager
def opened(inspector: Inspector, corpus: object) -> Iterator[CorpusIndex]:
    with tempfile.TemporaryDirectory() as folder:
        yield CorpusIndex.build(inspector, corpus, Path(folder) / "index", progress=lambda done, total: None)


def main() -> None:
    inspector = Inspector.from_pretrained(demo.MODEL, local_files_only=True)
    corpus = sys.argv[1] if len(sys.argv) > 1 else open_corpus(demo.CORPUS)
    with opened(inspector, corpus) as index:
        print("\n".join((*dependencies(index), "", *others(index), "", *subset(inspector, index))))


def dependencies(index: CorpusIndex) -> Iterator[str]:
    """As Clark et al. 2019, table 1: the better direction of each label."""
    yield "| label | head | direction | accuracy | best fixed offset | n | q |"
    yield "|---|---|---|---|---|---|---|"
    best: dict[str, tuple] = {}
    for score in index.heads(measure="dependency").best():
        if score.n >= LEAST and score.excess > best.get(score.label, (0.0,))[0]:
            best[score.label] = (score.excess, score)
    for label, (_, score) in sorted(best.items()):
        direction = score.direction.replace("_", " ")
        q = f"{score.q:.0e}" if score.significant else "n.s."
        shares = f"{score.value:.1%} | {score.baseline:.1%}"
        yield f"| {label} | {score.name} | {direction} | {shares} | {score.n:,} | {q} |"


def others(index: CorpusIndex) -> Iterator[str]:
    yield "| measure | label | head | value | blind |"
    yield "|---|---|---|---|---|"
    shown = [s for s in index.heads().best() if s.measure != "dependency" and s.n >= LEAST]
    for score in sorted(shown, key=lambda score: (score.measure, -score.excess)):
        if score.measure == "entropy" or score.significant:
            yield f"| {score.measure} | {score.label} | {score.name} | {score.value:.3f} | {score.baseline:.3f} |"


def subset(inspector: Inspector, index: CorpusIndex) -> Iterator[str]:
    """For the paper's sentence."""
    yield "| wanted | masked | heads | share | held back | base rate | lift | q |"
    yield "|---|---|---|---|---|---|---|---|"
    asked = (("dobj", "dep", "max_attention"), ("aux", "dep", "max_attention"), ("VERB", "pos", "match"))
    for masked, (label, field, of) in itertools.product((False, True), asked):
        seen = inspector.inspect(demo.SENTENCE, mask=["escape"] if masked else [])
        found = index.find_heads(seen, "escape", label, field, of, exclude_query=True, unique_sentences=True)
        for step in found.best.steps:
            heads = f"{found.best.layer}-[{','.join(map(str, step.heads))}]"
            q = f"{step.q:.0e}" if step.significant else "n.s."
            shares = f"{step.share:.0%} | {step.held_back:.0%} | {step.base_rate:.1%} | {step.lift:.1f} | {q}"
            yield f"| {of} {field} {label} | {'yes' if masked else 'no'} | {heads} | {shares} |"


if __name__ == "__main__":
    main()
