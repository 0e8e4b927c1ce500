"""What searches keep in memory to be faster next time, bounded for the whole process."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

from exbert_hub.bounded_cache import BoundedCache

_MOST = 1024**3
_SHARE = 0.25  # of the machine's memory


def file_key(path: Path) -> tuple[Hashable, ...]:
    """A key that another file in the same place does not have."""
    stat = path.stat()
    return (str(path), stat.st_ino, stat.st_mtime_ns, stat.st_size)


def _default_limit() -> int:
    import psutil

    return min(_MOST, int(_SHARE * psutil.virtual_memory().total))


KEPT: BoundedCache[Hashable, Any] = BoundedCache(_default_limit())
"""Packed heads and coarse stages of every open index: at most 1 GiB, or a quarter of the memory if that is less."""
