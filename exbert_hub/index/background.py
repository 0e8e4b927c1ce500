"""Work that a search leaves behind: done by one thread after the other, out of the way of the search itself."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

HEAD_START = 0.25
"""Seconds that the search which asked for the work has the machine to itself."""


class Background:
    """One thread that does what it is given, in order; it starts with the first task.

    It is a daemon: who leaves before it is through loses nothing but the work.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def submit(self, task: Callable[[], None]) -> None:
        """
        :param task: tells by itself how it went; it must not raise.
        """
        self._tasks.put(task)
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while True:
            task = self._tasks.get()
            threading.Event().wait(HEAD_START)
            task()
