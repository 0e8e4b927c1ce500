"""What searches keep in memory to be faster the next time, up to a bound for the whole process."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from pathlib import Path
from typing import Any

_MOST = 1024**3
_SHARE = 0.25  # of the machine's memory


class Memory:
    """Values by key; when they are more than `limit` bytes, the longest unused go.

    A value larger than the limit is kept alone: it is needed right now.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()

    @property
    def bytes(self) -> int:
        with self._lock:
            return sum(size for _, size in self._kept.values())

    def get(self, key: Hashable) -> Any | None:
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key][0]

    def put(self, key: Hashable, value: Any, size: int) -> None:
        with self._lock:
            self._kept[key] = (value, size)
            self._kept.move_to_end(key)
            total = sum(size for _, size in self._kept.values())
            while total > self.limit and len(self._kept) > 1:
                total -= self._kept.popitem(last=False)[1][1]


def file_key(path: Path) -> tuple[Hashable, ...]:
    """A key that another file in the same place does not have."""
    stat = path.stat()
    return (str(path), stat.st_ino, stat.st_mtime_ns, stat.st_size)


def _default_limit() -> int:
    import psutil

    return min(_MOST, int(_SHARE * psutil.virtual_memory().total))


KEPT = Memory(_default_limit())
"""Packed heads and coarse stages of every open index: at most 1 GiB, or a quarter of the memory if that is less."""
