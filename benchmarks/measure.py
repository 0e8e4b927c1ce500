"""What every benchmark needs: medians with their spread, rows held against a limit, the machine they come from."""

from __future__ import annotations

import math
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

PACKAGES = ("torch", "transformers", "datasets", "faiss-cpu", "numpy", "pyarrow", "spacy", "gradio", "ray")


class Median(NamedTuple):
    """The middle of several runs, and how far apart their middle half lies."""

    value: float
    spread: float  # interquartile range
    runs: int


@dataclass(frozen=True)
class Row:
    """One line of the table; made by `at_least`, `at_most` or `figure`."""

    name: str
    value: float
    unit: str  # "" for a ratio
    limit: float | None = None  # what must be reached
    target: float | None = None  # what is aimed at, where that is more
    met: bool | None = None  # whether the limit is kept; None without one
    note: str = ""
    spread: float | None = None
    sign: str = ""  # of the limit: "≥" or "≤"


def at_least(name: str, value: Median | float, limit: float, unit: str = "", **more: Any) -> Row:
    """A row whose value must not fall below `limit`."""
    row = figure(name, value, unit, **more)
    return replace(row, limit=limit, met=row.value >= limit, sign="≥")


def at_most(name: str, value: Median | float, limit: float, unit: str = "", **more: Any) -> Row:
    """A row whose value must not rise above `limit`."""
    row = figure(name, value, unit, **more)
    return replace(row, limit=limit, met=row.value <= limit, sign="≤")


def figure(name: str, value: Median | float, unit: str = "", **more: Any) -> Row:
    """A row that nothing is demanded of.

    :param more: `note`, `target`, or `spread` where `value` is a plain number.
    """
    if isinstance(value, Median):
        more = {"spread": value.spread} | more
        value = value.value
    return Row(name, float(value), unit, **more)


def median(values: Sequence[float]) -> Median:
    """The median of `values` with their interquartile range."""
    if len(values) < 2:
        return Median(values[0], 0.0, len(values))
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return Median(middle, high - low, len(values))


def median_of(function: Callable[[], object], runs: int, warm: int = 1) -> Median:
    """Seconds that a call takes.

    :param warm: calls before the clock runs.
    """
    for _ in range(warm):
        function()
    return median([seconds(function) for _ in range(runs)])


def ratio_of(
    one: Callable[[], object],
    other: Callable[[], object],
    runs: int,
    warm: int = 1,
    between: Callable[[], object] = lambda: None,
) -> Median:
    """Seconds of `one` divided by those of `other`, run in turns so that what slows the machine down slows both.

    :param between: called after each turn, while the clock does not run.
    """
    for _ in range(warm):
        one(), other()
        between()
    ratios = []
    for run in range(runs):
        # whoever goes second finds the other's data in the processor's caches: they take turns at that as well
        if run % 2:
            below, above = seconds(other), seconds(one)
        else:
            above, below = seconds(one), seconds(other)
        ratios.append(above / below)
        between()
    return median(ratios)


def seconds(function: Callable[[], object]) -> float:
    """Wall-clock time of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def resident_bytes() -> int:
    """Memory of this process that lies in RAM, mapped files included."""
    import psutil

    return psutil.Process().memory_info().rss


def private_bytes(process: int | None = None) -> int:
    """Resident memory that is not that of a file: pages of mapped files are the system's to take back.

    :param process: its number; this one by default.
    """
    status = Path(f"/proc/{process or 'self'}/status").read_text("ascii", "replace")
    for line in status.splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("this system does not say how much private memory a process has")


def machine() -> str:
    """Processor, cores, memory, GPU, system, Python and the versions of what does the work, as one Markdown list."""
    import psutil

    found = {name: _version(name) for name in PACKAGES}
    versions = ", ".join(f"{name} {number}" for name, number in found.items() if number)
    lines = (
        f"{_processor()}, {_cores()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB of memory, {_gpu()}",
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        versions,
    )
    return "".join(f"- {line}\n" for line in lines)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    names = [line.partition(":")[2].strip() for line in _lines(info) if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines() if path.is_file() else []


def _gpu() -> str:
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"


def table(rows: Iterable[Row]) -> str:
    """Rows as a Markdown table."""
    lines = ["| what | value | spread | limit | aim | met | note |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        cells = (
            row.name,
            shown(row.value, row.unit),
            "" if row.spread is None else shown(row.spread, row.unit),
            "" if row.limit is None else f"{row.sign} {shown(row.limit, row.unit)}",
            "" if row.target is None else shown(row.target, row.unit),
            {True: "yes", False: "**no**", None: ""}[row.met],
            row.note,
        )
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def shown(value: float, unit: str = "") -> str:
    """A number as people write it: three digits that matter, with its unit; a dash where nothing could be measured."""
    if math.isnan(value):
        return "–"
    number = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{number} {unit}".strip()
