"""How often programs may call."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from exbert_hub.errors import RateLimitError

MINUTE = 60.0
TOGETHER = 10  # times the limit of one caller, for all together: an address can be forged, the sum cannot


class RateLimit:
    """A bound on the calls of one caller in any minute, and ten times that on the calls of all together."""

    def __init__(self, calls_per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        """
        :param calls_per_minute: 0 for no limit.
        """
        self._limit = calls_per_minute
        self._clock = clock
        self._calls: dict[str, deque[float]] = {}
        self._all: deque[float] = deque()
        self._lock = threading.Lock()

    def check(self, caller: str) -> None:
        """Count a call, or refuse it; refused calls do not count.

        :raises RateLimitError: with the seconds to wait.
        """
        if not self._limit:
            return
        with self._lock:
            now = self._clock()
            self._forget(now - MINUTE)
            own = self._calls.setdefault(caller, deque())
            for calls, limit in ((own, self._limit), (self._all, self._limit * TOGETHER)):
                if len(calls) >= limit:
                    wait = calls[0] + MINUTE - now
                    raise RateLimitError(f"Too many calls: {limit} a minute are answered. Wait {wait:.0f} s.")
            own.append(now)
            self._all.append(now)

    def _forget(self, before: float) -> None:
        for caller, calls in list(self._calls.items()):
            while calls and calls[0] <= before:
                calls.popleft()
            if not calls:
                del self._calls[caller]
        while self._all and self._all[0] <= before:
            self._all.popleft()
