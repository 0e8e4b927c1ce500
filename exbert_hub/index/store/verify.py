"""Hashing the files of an index: each only once, and beside the search that uses it.

The hash tells whether a file is damaged. It is no defence against its author, who wrote the hash too; for that there
are the checks of place, size and header, which come before anything reads a file. So a search need not wait the second
that hashing a gigabyte takes: it is answered while the file is hashed in the background. If the file is not the one
that the manifest names, that is logged at once and every later use of it is refused.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from exbert_hub.cache import cache_root
from exbert_hub.checked_json import parse_json
from exbert_hub.errors import IndexFormatError
from exbert_hub.files import sha256_of, write_atomic
from exbert_hub.index.format.manifest import FileEntry

from .background import SEARCHING, Background

logger = logging.getLogger(__name__)

SMALL = 2 * 1024**2
"""Bytes of a file that is hashed before its first use: it takes about a millisecond."""


class Verifier:
    """Which files of an index were found to match their hashes; remembered under the cache by size, time and inode.

    :param folder: of the index.
    :param files: what its manifest says.
    :param key: name of the index in the cache.
    """

    def __init__(self, folder: Path, files: Mapping[str, FileEntry], key: str) -> None:
        self._folder, self._files = folder, files
        self.record = cache_root() / "verified" / f"{key}.json"
        self._lock = threading.Lock()
        self._hashed: dict[str, threading.Event] = {}  # files given to the background; set when they are done
        self._damaged: dict[str, IndexFormatError] = {}
        self._background = Background("exbert-verify")

    def is_verified(self, name: str) -> bool:
        """Whether the file, as it is now, was found good before."""
        return _read(self.record).get(name) == self._state(name)

    def verify(self, name: str, between: Callable[[], None] = lambda: None) -> None:
        """Hash a file unless it is known to be good.

        :param between: called now and then while it is hashed.
        :raises IndexFormatError: if it is not the file that the manifest names.
        """
        self._damaged.pop(name, None)
        if self.is_verified(name):
            return
        path, expected = self._folder / name, self._files[name].sha256
        state = self._state(name)
        logger.info("Checking %s", path)
        digest = sha256_of(path, between)
        if digest != expected:
            raise IndexFormatError(
                f"{path} is not the file that the manifest names (sha256 {digest[:12]}…, expected "
                f"{expected[:12]}…): download or build the index again"
            )
        self.remember({name: state})

    def verify_behind(self, name: str) -> None:
        """Hash a file behind the search that is about to use it; a small one at once.

        :raises IndexFormatError: if it was found damaged since.
        """
        if error := self._damaged.get(name):
            raise error
        if self._files[name].size <= SMALL:
            self.verify(name)
            return
        with self._lock:
            if name in self._hashed:
                return
            done = self._hashed[name] = threading.Event()
            if self.is_verified(name):
                done.set()
                return
        self._background.submit(lambda: self._hash(name, done))

    def wait(self) -> None:
        """Wait for the files that are being hashed.

        :raises IndexFormatError: if one is not the file that the manifest names.
        """
        for done in list(self._hashed.values()):
            done.wait()
        for error in self._damaged.values():
            raise error

    def check_once(self, title: str, names: Sequence[str], check: Callable[[], None]) -> None:
        """Run a check of files unless it passed before on these very files.

        :param title: of the check, in the record.
        """
        state = [self._state(name) for name in names]
        if _read(self.record).get(title) != state:
            check()
            self.remember({title: state})

    def remember(self, states: Mapping[str, Any]) -> None:
        """Record files as good."""
        with self._lock:  # two processes may both write: then a file is hashed once more, no harm done
            write_atomic(self.record, json.dumps(_read(self.record) | dict(states)))

    def _hash(self, name: str, done: threading.Event) -> None:
        try:
            self.verify(name, SEARCHING.give_way)
        except (IndexFormatError, OSError) as error:
            logger.error("%s", error)
            self._damaged[name] = error if isinstance(error, IndexFormatError) else IndexFormatError(str(error))
        finally:
            done.set()

    def _state(self, name: str) -> list[Any]:
        stat = (self._folder / name).stat()
        return [stat.st_size, stat.st_mtime_ns, stat.st_ino, self._files[name].sha256]


def _read(record: Path) -> dict[str, list[Any]]:
    """What was verified before; nothing if the record cannot be read: then it is only done again."""
    try:
        return parse_json(record.read_bytes(), dict[str, list[Any]], str(record))
    except (OSError, IndexFormatError):
        return {}
