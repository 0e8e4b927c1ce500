"""From a hundred thousand pieces to millions: time of a search, recall, memory, opening; with slopes and a picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from exbert_hub.index import CorpusIndex
from exbert_hub.index.fast import add_fast_search, nearest_fast
from exbert_hub.index.search import choose_spec
from exbert_hub.index.vectors import nearest

from . import opening
from .large import warm_up
from .measure import Row, at_most, figure, median_of
from .searching import K, index_of, recall
from .synthetic import Vectors

DIM = 384
IMAGES = Path(__file__).parent.parent / "docs" / "images"


def quick() -> list[Row]:
    return curves((20_000, 40_000), draw=False)


def full() -> list[Row]:
    return curves((100_000, 500_000, 1_000_000, 2_000_000, 5_000_000), draw=True)


def curves(sizes: Sequence[int], draw: bool) -> list[Row]:
    points = {size: measure_one(size) for size in sizes}
    rows = []
    for size, point in points.items():
        note = f"fast {point['fast']:.2f} ms, recall@50 {point['recall']:.4f}, opening {point['open']:.0f} ms"
        rows.append(figure(f"exact search, {size:,} x {DIM}", point["exact"], "ms", note=note))
        rows.append(at_most(f"resident memory added by opening, {size:,} pieces", point["resident"], 100, "MB"))
    for name in ("exact", "fast", "open"):
        values = [points[size][name] for size in sizes]
        slope = float(np.polyfit(np.log(sizes), np.log(values), 1)[0])
        per_million = float(np.polyfit(sizes, values, 1)[0]) * 1e6
        rows.append(
            figure(f"slope of {name}", slope, "", note=f"log-log; {per_million:.2f} ms more per million pieces")
        )
    if draw:
        IMAGES.mkdir(exist_ok=True)
        times = {name: [points[size][name] for size in sizes] for name in ("exact", "fast", "open")}
        (IMAGES / "growth.svg").write_text(chart("milliseconds", sizes, times), encoding="utf-8")
    return rows


def measure_one(size: int) -> Mapping[str, float]:
    """Milliseconds, megabytes and recall at one size; what was built is deleted."""
    with index_of(size, DIM, ("embedding",), attention=False) as (folder, manifest):
        add_fast_search(folder)
        started = opening.in_new_process(folder)
        index = CorpusIndex.from_pretrained(folder)
        spec = choose_spec(manifest, "embedding", 0)
        exact: Any = index.tokens.get_index(spec.name).faiss_index
        coarse, queries = folder / spec.coarse_file, Vectors(DIM).queries(40)
        warm_up(folder)
        each = iter(range(10**9))
        return {
            "exact": 1e3 * median_of(lambda: nearest(exact, "", queries[next(each) % 40], K), 9).value,
            "fast": 1e3 * median_of(lambda: nearest_fast(exact, coarse, queries[next(each) % 40], K), 25, 5).value,
            "recall": recall(exact, coarse, queries),
            "open": 1e3 * started["open"],
            "resident": started["resident"] / 1e6,
        }


def chart(unit: str, xs: Sequence[int], lines: Mapping[str, Sequence[float]]) -> str:
    """Lines over pieces, both axes logarithmic, as an SVG."""
    width, height, left, bottom, colours = 640, 360, 60, 40, ("#1f6feb", "#d1495b", "#2a9d8f")
    values = [value for line in lines.values() for value in line]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    first, last = math.log10(xs[0]), math.log10(xs[-1])

    def x(pieces: float) -> float:
        return left + (math.log10(pieces) - first) / (last - first) * (width - left - 90)

    def y(value: float) -> float:
        return 20 + (high - math.log10(value)) / (high - low) * (height - bottom - 20)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        'font-size="12"><rect width="100%" height="100%" fill="#fff"/>'
    ]
    for power in range(low, high + 1):
        at = y(10**power)
        parts.append(f'<path d="M{left} {at:.1f}H{width - 90}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 6}" y="{at + 4:.1f}" text-anchor="end">{10.0**power:g}</text>')
    for pieces in xs:
        label = f"{pieces / 1e6:g}M" if pieces >= 1e6 else f"{pieces / 1e3:g}k"
        parts.append(f'<text x="{x(pieces):.1f}" y="{height - 20}" text-anchor="middle">{label}</text>')
    for colour, (name, line) in zip(colours, lines.items(), strict=False):
        places = [(x(pieces), y(value)) for pieces, value in zip(xs, line, strict=True)]
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"/>' for a, b in places]
        a, b = places[-1]
        parts.append(f'<text x="{a + 8:.1f}" y="{b + 4:.1f}" fill="{colour}">{name}</text>')
    parts.append(f'<text x="{left}" y="14">{unit}, by indexed pieces ({DIM} values each)</text></svg>')
    return "\n".join(parts) + "\n"
