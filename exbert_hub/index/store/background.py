"""Work that a search leaves for later: one task after the other in a thread that keeps out of the way of searches."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

HEAD_START = 0.25
"""Seconds for which the search that left the work has the machine to itself."""

_PATIENCE = 1.0
"""Seconds that a task waits for searches to end; where there is always one running, it continues nevertheless."""


class Searching:
    """Whether a search is running: `with SEARCHING:` around each. Background tasks give way to them."""

    def __init__(self) -> None:
        self._running = 0
        self._ended = threading.Condition()

    def __enter__(self) -> None:
        with self._ended:
            self._running += 1

    def __exit__(self, *_: object) -> None:
        with self._ended:
            self._running -= 1
            if not self._running:
                self._ended.notify_all()

    def give_way(self) -> None:
        """Wait until no search is running; called every few milliseconds by background tasks."""
        with self._ended:
            self._ended.wait_for(lambda: not self._running, _PATIENCE)


SEARCHING = Searching()
"""The searches of this process."""


class Background:
    """One thread that runs the tasks it is given, in order; it starts with the first one.

    It is a daemon thread: when the process ends, unfinished tasks are dropped.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def submit(self, task: Callable[[], None]) -> None:
        """
        :param task: reports its own outcome, calls `SEARCHING.give_way` if it takes long, and must not raise.
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
            SEARCHING.give_way()
            task()
