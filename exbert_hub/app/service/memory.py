"""Inspections that were computed lately, as many as a bounded memory holds."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

if TYPE_CHECKING:
    from exbert_hub.model import Inspection

Question = TypeVar("Question", bound=Hashable)

MOST = 16
BYTES = 512 << 20  # 512 pieces of a 12 x 12 model are 150 MB, so three of them; 24 pieces are a few MB


class Memory(Generic[Question]):
    """The answers to the latest questions. The latest one is kept whatever its size, since layers of it are asked for
    one after the other."""

    def __init__(self, answer: Callable[[Question], Inspection], most: int = MOST, size: int = BYTES) -> None:
        self._answer, self._most, self._size = answer, most, size
        self._kept: OrderedDict[Question, tuple[Inspection, int]] = OrderedDict()
        self._coming: dict[Question, Future[Inspection]] = {}
        self._lock = threading.Lock()

    def __call__(self, question: Question) -> Inspection:
        """Whoever asks what somebody else has asked and not been answered yet waits for the same answer.

        :raises ExbertError: what answering raises; nothing is kept then.
        """
        with self._lock:
            found = self._kept.pop(question, None)
            if found is not None:
                self._kept[question] = found
                return found[0]
            coming = self._coming.get(question)
            if coming is None:
                mine = self._coming[question] = Future()
        if coming is not None:
            return coming.result()
        try:
            seen = self._answer(question)
        except BaseException as error:
            with self._lock:
                del self._coming[question]
            mine.set_exception(error)
            raise
        with self._lock:
            del self._coming[question]
            self._kept[question] = seen, _bytes(seen)
            while len(self._kept) > 1 and (len(self._kept) > self._most or self._held() > self._size):
                self._kept.popitem(last=False)
        mine.set_result(seen)
        return seen

    def _held(self) -> int:
        return sum(size for _, size in self._kept.values())


def _bytes(seen: Inspection) -> int:
    """Of the arrays, which is nearly all."""
    arrays = [array for stack in seen.stacks.values() for array in vars(stack).values()]
    return sum(_array_bytes(array) for array in arrays if isinstance(array, np.ndarray))


def _array_bytes(array: np.ndarray) -> int:
    if array.dtype != object:
        return array.nbytes
    return sum(layer.nbytes for layer in array if layer is not None)
