"""Searching: against the raw FAISS call on the same file, a few heads against all with zeros, fast against exact."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from exbert_hub import demo
from exbert_hub.analysis.vectors import head_query, normalise
from exbert_hub.corpus import open_corpus
from exbert_hub.index import CorpusIndex
from exbert_hub.index.format.codecs import CODECS
from exbert_hub.index.format.manifest import Manifest
from exbert_hub.index.format.types import Kind
from exbert_hub.index.search.head_columns import HeadColumns, copy_columns
from exbert_hub.index.search.query import SearchRequest, VectorQuery
from exbert_hub.index.search.selection import choose_spec
from exbert_hub.index.store.coarse import add_coarse_stages, search_coarse, write_coarse
from exbert_hub.index.store.vectors import nearest

from . import opening
from .large import HEADS, Queries, make_index, remove, shaped, warm_up
from .measure import Median, Row, at_least, at_most, figure, median, median_of, ratio_of
from .synthetic import Vectors

K = 50


def quick() -> list[Row]:
    """One small index; the limits are meant for large ones."""
    return everything(40_000, 384, runs=7, processes=1)


def full() -> list[Row]:
    with index_of(200_000, 768, ("embedding",)) as (folder, manifest):
        small = exact_rows(folder, manifest, runs=15, processes=7)
    return [*small, *everything(500_000, 768, runs=11, processes=5), *demo_recall()]


def everything(pieces: int, dim: int, runs: int, processes: int) -> list[Row]:
    """All that is measured of one index; the coarse stages come last, so that they are in nobody's way."""
    with index_of(pieces, dim, ("embedding", "heads")) as (folder, manifest):
        rows = [*exact_rows(folder, manifest, runs, processes), *head_rows(folder, manifest, runs)]
        return [*rows, *fast_rows(folder, manifest, runs)]


@contextmanager
def index_of(
    pieces: int, dim: int, kinds: tuple[Kind, ...], attention: bool = True
) -> Iterator[tuple[Path, Manifest]]:
    """An index that is deleted afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="exbert-bench-", dir=os.environ.get("EXBERT_BENCH_FOLDER"))) / "index"
    try:
        yield folder, make_index(folder, pieces, dim, kinds, attention)
    finally:
        remove(folder)
        shutil.rmtree(folder.parent)


def turns(queries: Queries) -> Callable[[], Any]:
    """The next of a few inspections, made before the clock runs."""
    asked = [queries.next() for _ in range(16)]
    number = iter(range(10**9))
    return lambda: asked[next(number) % len(asked)]


def exact_rows(folder: Path, manifest: Manifest, runs: int, processes: int) -> list[Row]:
    """Item by item: ids and scores, the 50 rows, the first search of a process, what opening takes.

    :param processes: that open it and search.
    """
    index = CorpusIndex.from_pretrained(folder)
    index.search(*Queries(manifest).next(), layer=0, exact=True)
    index.verify()
    warm_up(folder)
    searcher, spec, ask = index.opened.searcher, choose_spec(manifest, "embedding", 0), turns(Queries(manifest))
    raw: Any = index.tokens.get_index(spec.name).faiss_index
    vectors = Vectors(spec.dim).queries(1)

    request = SearchRequest(layer=0, k=K, exact=True)

    def ours() -> Any:
        return searcher.nearest(VectorQuery.about(*ask(), manifest, request))

    against_raw = ratio_of(ours, lambda: raw.search(vectors, K), runs)
    found = index.search(*ask(), layer=0, exact=True)
    nearby = [ours() for _ in range(16)]
    each = iter(range(10**9))

    def rows() -> None:
        one = nearby[next(each) % 16]
        searcher.describe(one.scores, one.rows, found.query)

    shown = median_of(rows, runs)
    started = [opening.in_new_process(folder) for _ in range(processes)]
    name = f"{manifest.pieces:,} x {spec.dim}"
    first = median([one["first"] / one["later"] for one in started])
    resident = median([one["resident"] / 1e6 for one in started])
    return [
        at_most(f"exact search {name}, ids and scores, against raw FAISS", against_raw, 1.1),
        at_most(f"50 rows {name}", _scaled(shown, 1e3), 10, "ms", note="sentences, labels, attention"),
        at_most(f"first search of a process {name}, against later ones", first, 1.3, note="warm page cache"),
        at_most(f"resident memory added by opening {name}", resident, 100, "MB"),
        figure(f"opening {name}", _scaled(median([one["open"] for one in started]), 1e3), "ms"),
    ]


def head_rows(folder: Path, manifest: Manifest, runs: int) -> list[Row]:
    """A few heads, packed, against all heads with zeros."""
    index = CorpusIndex.from_pretrained(folder)
    spec, rows = choose_spec(manifest, "heads", 0), []
    path, shape = folder / spec.file, (manifest.pieces, spec.dim)
    seen, position = Queries(manifest).next()
    padded: Any = index.tokens.get_index(spec.name).faiss_index
    for heads in ((6,), (6, 9)):
        query = head_query(seen.contexts[0][position], heads)
        packed = copy_columns(HeadColumns(path, *shape, HEADS, heads), CODECS["fp16"])
        part = query.reshape(HEADS, -1)[list(heads)].ravel()
        faster = ratio_of(
            lambda query=query: nearest(padded, "", query, K),  # type: ignore[misc]
            lambda packed=packed, part=part: nearest(packed, "", part, K),  # type: ignore[misc]
            runs,
        )
        scores = [nearest(padded, "", query, K)[0], nearest(packed, "", part, K)[0]]
        note = f"largest difference of a score {np.abs(scores[0] - scores[1]).max():.0e}"
        rows.append(
            at_least(f"{len(heads)} of {HEADS} heads {manifest.pieces:,} x {spec.dim}, packed", faster, 5, note=note)
        )
    # what is packed behind the search must not slow it down: each choice of heads is new
    choices = [(a, b) for a in range(HEADS) for b in range(a)]
    query = head_query(seen.contexts[0][position], (6, 9))
    taken = iter(choices)

    def by_heads(heads: tuple[int, ...]) -> SearchRequest:
        return SearchRequest(by="heads", layer=0, heads=heads, k=K)

    first = ratio_of(
        lambda: index.opened.searcher.nearest(VectorQuery.about(seen, position, manifest, by_heads(next(taken)))),
        lambda: nearest(padded, "", query, K),
        5,
    )
    done = threading.Event()
    index.opened.searcher._columns._background.submit(done.set)  # what was asked for before is packed when this is set
    done.wait()
    return [*rows, at_most("first search by 2 heads, packed behind it, against zero-padded", first, 1.3)]


def fast_rows(folder: Path, manifest: Manifest, runs: int) -> list[Row]:
    """Fast search against exact: time and recall@50."""
    add_coarse_stages(folder)
    index, rows = CorpusIndex.from_pretrained(folder), []
    warm_up(folder)
    for kind in ("embedding", "heads"):
        spec = choose_spec(manifest, kind, 0)
        exact: Any = index.tokens.get_index(spec.name).faiss_index
        coarse = folder / spec.coarse_file
        queries = shaped(Vectors(spec.dim).queries(50), kind)
        each = iter(range(10**9))
        faster = ratio_of(
            lambda exact=exact, q=queries, n=each: nearest(exact, "", q[next(n) % 50], K),  # type: ignore[misc]
            lambda exact=exact, c=coarse, q=queries, n=each: search_coarse(exact, c, q[next(n) % 50], K),  # type: ignore[misc]
            runs,
        )
        rows += [
            at_least(f"fast search by {kind} {manifest.pieces:,} x {spec.dim}, against exact", faster, 5),
            at_least(
                f"fast search by {kind} {manifest.pieces:,} x {spec.dim}, recall@50",
                recall(exact, coarse, queries),
                0.99,
            ),
        ]
    return rows


def recall(exact: Any, coarse: Path, queries: np.ndarray) -> float:
    """Share of the fast results that score no less than the 50th exact one: equal vectors are equally right."""
    shares = []
    for query in queries:
        worst = nearest(exact, "", query, K)[0][-1]
        shares.append((search_coarse(exact, coarse, query, K)[0] >= worst - 1e-6).mean())
    return float(np.mean(shares))


@cache
def masked_queries(count: int) -> list[tuple[Any, int]]:
    """Pieces of the demo's corpus, each masked: texts that the index has not seen."""
    inspector, _ = demo.load()
    seen = []
    for sentence in islice(open_corpus(demo.CORPUS), 0, None, max(1, 1800 // count)):
        length = len(inspector.tokenize(sentence.text).pieces)
        if 8 <= length <= 64:
            seen.append((inspector.inspect(sentence.text, mask=(length // 2,)), length // 2))
    return seen[:count]


def demo_recall() -> list[Row]:
    """Vectors of a trained model: every layer and kind of the demo."""
    _, index = demo.load()
    queries, shares = masked_queries(60), {}
    with tempfile.TemporaryDirectory() as folder:
        for spec in index.manifest.vectors:
            write_coarse(index.folder / spec.file, Path(folder) / "coarse")
            vectors = [query_of(seen, place, spec.kind, spec.layer) for seen, place in queries]
            exact: Any = index.tokens.get_index(spec.name).faiss_index
            shares[spec.name] = recall(exact, Path(folder) / "coarse", np.stack(vectors))
    worst = min(shares, key=lambda name: shares[name])
    mean = float(np.mean(list(shares.values())))
    return [
        at_least("fast search in the demo, recall@50, all layers and kinds", mean, 0.99, note="masked queries"),
        at_least(f"fast search in the demo, recall@50, worst ({worst})", shares[worst], 0.99),
    ]


def query_of(seen: Any, position: int, kind: Kind, layer: Any) -> np.ndarray:
    if kind == "heads":
        return head_query(seen.contexts[layer][position])
    return normalise(seen.hidden[0 if layer == "emb" else layer + 1][position])


def _scaled(value: Median, factor: float) -> Median:
    return Median(value.value * factor, value.spread * factor, value.runs)
