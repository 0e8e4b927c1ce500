"""Sizes and durations as people read them."""

from __future__ import annotations

_SIZES = ("bytes", "kB", "MB", "GB", "TB")


def format_bytes(count: float) -> str:
    """A size in decimal units: "512 bytes", "1.2 MB", "340 MB"."""
    unit = 0
    while round(count, 1) >= 1000 and unit < len(_SIZES) - 1:
        count, unit = count / 1000, unit + 1
    digits = 1 if unit and round(count, 1) < 100 else 0
    return f"{count:,.{digits}f} {_SIZES[unit]}"


def format_duration(seconds: float) -> str:
    """A duration in the unit that suits it: "40 s", "12 min", "2.5 h"."""
    minutes = seconds / 60
    if minutes < 1.5:
        return f"{seconds:.0f} s"
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"
