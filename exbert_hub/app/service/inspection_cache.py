"""Inspections that were computed lately, as many as a bounded memory holds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from exbert_hub.bounded_cache import BoundedCache

if TYPE_CHECKING:
    from exbert_hub.model import Inspection

Question = TypeVar("Question", bound=Hashable)

MOST = 16
BYTES = 512 << 20  # 512 pieces of a 12 x 12 model are 150 MB, so three of them; 24 pieces are a few MB


class InspectionCache(Generic[Question]):
    """The answers to the latest questions. The latest one is kept whatever its size, since layers of it are asked for
    one after the other."""

    def __init__(self, answer: Callable[[Question], Inspection], most: int = MOST, size: int = BYTES) -> None:
        """
        :param most: inspections at most.
        :param size: bytes at most.
        """
        self._answer = answer
        self._kept: BoundedCache[Question, Inspection] = BoundedCache(size, most)
        self._pending: dict[Question, Future[Inspection]] = {}
        self._lock = threading.Lock()

    def __call__(self, question: Question) -> Inspection:
        """Whoever asks what somebody else has asked and not been answered yet waits for the same answer.

        :raises ExbertError: what answering raises; nothing is kept then.
        """
        with self._lock:
            kept = self._kept.get(question)
            if kept is not None:
                return kept
            pending = self._pending.get(question)
            if pending is None:
                own = self._pending[question] = Future()
        if pending is not None:
            return pending.result()
        try:
            seen = self._answer(question)
        except BaseException as error:
            with self._lock:
                del self._pending[question]
            own.set_exception(error)
            raise
        with self._lock:
            del self._pending[question]
            self._kept.put(question, seen, _bytes(seen))
        own.set_result(seen)
        return seen


def _bytes(seen: Inspection) -> int:
    """Of the arrays, which is nearly all."""
    arrays = [array for stack in seen.stacks.values() for array in vars(stack).values()]
    return sum(_array_bytes(array) for array in arrays if isinstance(array, np.ndarray))


def _array_bytes(array: np.ndarray) -> int:
    if array.dtype != object:
        return array.nbytes
    return sum(layer.nbytes for layer in array if layer is not None)
