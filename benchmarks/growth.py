"""From fifty thousand pieces to five million: time of a search, recall, opening, memory; the slopes, and a picture.

What is built is measured in a process of its own, whose memory holds nothing of the building:
`python -m benchmarks.growth FOLDER` prints one size as JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from exbert_hub.index import CorpusIndex
from exbert_hub.index.format.manifest import Manifest
from exbert_hub.index.search.selection import choose_spec
from exbert_hub.index.store.coarse import add_coarse_stages, candidates, search_coarse
from exbert_hub.index.store.vectors import nearest

from .large import warm_up
from .measure import Row, at_least, at_most, figure, median_of, resident_bytes
from .searching import K, index_of, recall
from .synthetic import Vectors

DIM = 384
PICTURE = Path(__file__).parent.parent / "docs" / "images" / "growth.svg"

Point = Mapping[str, float]
"""What was measured at one size, by the names of `CURVES`, and `recall`."""

CURVES = {
    "exact": ("exact search", "ms"),
    "fast": ("fast search", "ms"),
    "open": ("opening", "ms"),
    "resident": ("memory that opening adds", "MB"),
    "coarse": ("memory that fast search keeps", "MB"),
    "disk": ("vectors and coarse stage on disk", "MB"),
}


def quick() -> list[Row]:
    return rows_of({size: measure_one(size) for size in (20_000, 40_000)})


def full() -> list[Row]:
    points = {size: measure_one(size) for size in (50_000, 500_000, 5_000_000)}
    draw(points, PICTURE)
    return rows_of(points)


def rows_of(points: Mapping[int, Point]) -> list[Row]:
    """Every curve at every size, then what a piece more costs."""
    rows = []
    for size, point in points.items():
        what, more = f"{size:,} x {DIM}", f"{candidates(DIM, size)} candidates a result"
        rows += [figure(f"{CURVES[name][0]}, {what}", point[name], CURVES[name][1]) for name in ("exact", "fast")]
        rows.append(at_least(f"recall@50 of fast search, {what}", point["recall"], 0.99, note=more))
        rows.append(figure(f"opening, {what}", point["open"], "ms"))
        rows.append(at_most(f"memory that opening adds, {what}", point["resident"], 100, "MB"))
        rows.append(figure(f"memory that fast search keeps, {what}", point["coarse"], "MB"))
    for name, (label, unit) in CURVES.items() if len(points) > 2 else ():
        line = fit(list(points), [point[name] for point in points.values()])
        per = {"ms": "ns", "MB": "bytes"}[unit]
        note = f"and {line.start:.3g} {unit} at the start; R² {line.r2:.4f}, {line.off:.0%} off at most; "
        rows.append(figure(f"{label}, a piece more", line.slope * 1e6, per, note=note + f"{len(points)} sizes"))
    return rows


class Line(NamedTuple):
    """A line through measured values, and how well it fits them."""

    start: float
    slope: float  # per piece
    r2: float
    off: float  # the largest deviation, as a share of the value


def fit(sizes: Sequence[int], values: Sequence[float]) -> Line:
    """Least squares of the relative deviations: the small sizes count as much as the large ones."""
    x, y = np.asarray(sizes, float), np.asarray(values, float)
    slope, start = np.polyfit(x, y, 1, w=1 / y)
    left = start + slope * x - y
    return Line(start, slope, 1 - (left @ left) / ((y - y.mean()) @ (y - y.mean())), np.abs(left / y).max())


def measure_one(size: int) -> Point:
    """One size; what was built is deleted."""
    with index_of(size, DIM, ("embedding",), attention=False) as (folder, _):
        add_coarse_stages(folder)
        command = [sys.executable, "-m", __spec__.name, str(folder)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        return json.loads(done.stdout.splitlines()[-1])


def main(folder: Path) -> None:
    """Milliseconds, megabytes and recall."""
    manifest = Manifest.load(folder)
    spec = choose_spec(manifest, "embedding", 0)
    CorpusIndex.from_pretrained(folder)  # imports, and the tables as Arrow files: once per index
    before = resident_bytes()
    index = CorpusIndex.from_pretrained(folder)
    resident = resident_bytes() - before
    exact: Any = index.tokens.get_index(spec.name).faiss_index
    coarse, queries = folder / spec.coarse_file, Vectors(DIM).queries(25)
    warm_up(folder)
    each = iter(range(10**9))
    before = private_bytes()
    search_coarse(exact, coarse, queries[0], K)
    kept = private_bytes() - before
    point = {
        "exact": 1e3 * median_of(lambda: nearest(exact, "", queries[next(each) % 25], K), 9, 2).value,
        "fast": 1e3 * median_of(lambda: search_coarse(exact, coarse, queries[next(each) % 25], K), 25, 5).value,
        "recall": recall(exact, coarse, queries),
        "open": 1e3 * median_of(lambda: CorpusIndex.from_pretrained(folder), 7).value,
        "resident": resident / 1e6,
        "coarse": kept / 1e6,
        "disk": (coarse.stat().st_size + (folder / spec.file).stat().st_size) / 1e6,
    }
    print(json.dumps(point))


def private_bytes() -> int:
    """Memory of this process alone, of Linux: what is mapped from files, as the vectors are, counts as shared.

    What the allocator holds but nobody uses is given back first, or a small index would seem to need none.
    """
    import ctypes

    import psutil

    ctypes.CDLL(None).malloc_trim(0)
    memory = psutil.Process().memory_info()
    return memory.rss - memory.shared


def draw(points: Mapping[int, Point], path: Path) -> None:
    """Times beside memory, over pieces, all axes logarithmic."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.ticker import FuncFormatter, NullLocator

    text, muted, accent, grey = "#1b1d22", "#62666f", "#3d5bd9", "#9b9da5"
    style = {"svg.hashsalt": "growth", "font.size": 10, "text.color": text, "axes.edgecolor": "#d4d6dd"}
    panels = (
        (
            "Milliseconds",
            (("exact", "exact search", grey), ("fast", "fast search", accent), ("open", "opening", text)),
        ),
        ("Megabytes of memory", (("coarse", "fast search keeps", accent), ("resident", "opening adds", text))),
    )
    with pyplot.rc_context(style):
        figures, axes = pyplot.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
        for axis, (title, lines) in zip(axes, panels, strict=True):
            last, below = list(points)[-1], 0.0
            for name, label, colour in sorted(lines, key=lambda line: points[last][line[0]]):
                values = [point[name] for point in points.values()]
                axis.loglog(list(points), values, "o-", color=colour, markersize=4, linewidth=1.8)
                below = max(values[-1], 1.5 * below)  # a label keeps clear of the one below it
                axis.annotate(label, (last, below), (7, 0), textcoords="offset points", va="center", color=colour)
            axis.set_title(title, loc="left", fontsize=11, color=text)
            axis.set_xlabel(f"indexed pieces of {DIM} values", color=muted)
            axis.set_xticks(list(points), [f"{n / 1e6:g}M" if n >= 1e6 else f"{n // 1000}k" for n in points])
            axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axis.xaxis.set_minor_locator(NullLocator())
            axis.yaxis.set_minor_locator(NullLocator())
            axis.grid(axis="y", color="#eceef3")
            axis.tick_params(colors=muted, length=0)
            axis.spines[["top", "right"]].set_visible(False)
            axis.margins(x=0.06)
        figures.savefig(path, metadata={"Date": None})
        pyplot.close(figures)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
