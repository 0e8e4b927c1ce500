"""Which files of the package a piece of work passes, in the order in which it first calls something in each."""

from __future__ import annotations

import inspect
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import exbert_hub

PACKAGE = Path(exbert_hub.__file__).parent


class Way:
    """Files of the package: those of the calling thread in order, and those that only other threads reach."""

    def __init__(self) -> None:
        self.files: list[str] = []
        self.beside: set[str] = set()
        self._thread = threading.get_ident()
        self._names: dict[str, str | None] = {}

    def note(self, frame: FrameType, event: str, argument: Any) -> None:
        if event != "call":
            return
        code = frame.f_code
        if code.co_filename not in self._names:
            self._names[code.co_filename] = _name(code.co_filename)
        name = self._names[code.co_filename]
        if name is None or not code.co_flags & inspect.CO_OPTIMIZED:
            return  # a module or a class that is being defined runs as well
        if threading.get_ident() != self._thread:
            self.beside.add(name)
        elif name not in self.files:
            self.files.append(name)


def _name(file: str) -> str | None:
    path = Path(file)
    if not path.is_relative_to(PACKAGE) or path.name == "__init__.py":
        return None
    return path.relative_to(PACKAGE).as_posix()


@contextmanager
def followed() -> Iterator[Way]:
    """Follow what this thread, and those that it starts, do while the block runs."""
    way = Way()
    threading.setprofile(way.note)
    sys.setprofile(way.note)
    try:
        yield way
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]
        way.beside -= set(way.files)
