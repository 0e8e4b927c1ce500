"""One memory for what was computed or read before: the least recently used go when it holds too many bytes."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import Generic, NamedTuple, TypeVar

from cachetools import LRUCache

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class _Entry(NamedTuple, Generic[Value]):
    value: Value
    size: int
    charge: int  # what counts against the limit


class BoundedCache(Generic[Key, Value]):
    """Values by key, at most `limit` bytes and `most` of them; any thread may use it.

    A value larger than the limit is kept alone: it is needed right now.

    :param limit: bytes of all values together.
    :param most: values at most; None for as many as fit.
    """

    def __init__(self, limit: int, most: int | None = None) -> None:
        self.limit, self._most = limit, most
        self._lock = threading.Lock()
        self._entries: LRUCache[Key, _Entry[Value]] = LRUCache(limit, getsizeof=lambda entry: entry.charge)

    def get(self, key: Key) -> Value | None:
        """The value of a key, which is now the one used last; None if it is not there."""
        with self._lock:
            entry = self._entries.get(key)
        return None if entry is None else entry.value

    def put(self, key: Key, value: Value, size: int) -> None:
        """Keep a value, replacing the key's former one.

        :param size: bytes of the value.
        """
        with self._lock:
            self._entries.pop(key, None)
            # one larger than the limit counts as the limit, so that everything else makes room for it
            self._entries[key] = _Entry(value, size, min(size, self.limit))
            while self._most is not None and len(self._entries) > self._most:
                self._entries.popitem()

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()

    @property
    def bytes(self) -> int:
        """Of all values."""
        with self._lock:
            if len(self._entries) == 1:  # the only case in which the limit may be exceeded
                return self._entries[next(iter(self._entries))].size
            return int(self._entries.currsize)

    def __len__(self) -> int:
        return len(self._entries)

    def keys(self) -> list[Key]:
        """What is there now; asking is no use of it."""
        with self._lock:
            return list(self._entries)
