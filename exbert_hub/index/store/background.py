"""Work that a search leaves behind: done by one thread after the other, out of the way of the searches themselves."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

HEAD_START = 0.25
"""Seconds that the search which asked for the work has the machine to itself."""

_PATIENCE = 1.0
"""Seconds that a piece of work waits for searches to end: where there is always one, it goes on nevertheless."""


class Searching:
    """Whether a search runs: `with SEARCHING:` around each. What is done behind them gives way."""

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
        """Wait until no search runs; called every few milliseconds by what is done behind them."""
        with self._ended:
            self._ended.wait_for(lambda: not self._running, _PATIENCE)


SEARCHING = Searching()
"""Of this process."""


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
        :param task: tells by itself how it went, and calls `SEARCHING.give_way` if it is long; it must not raise.
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
