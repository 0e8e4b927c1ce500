"""What exbert_hub keeps on this machine between sessions, and locks between processes.

Everything is under the assets cache of huggingface_hub (`HF_ASSETS_CACHE`), one folder per kind.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from .errors import ExbertError, LockedError, SelectionError

logger = logging.getLogger(__name__)

KINDS = ("corpora", "indexes", "tables", "verified")
"""Annotated corpora, the index of the embedded demo, the tables of opened indexes as Arrow files, and which files of
an index were found to match their hashes."""

_LOCK_SUFFIX = ".lock"


class CacheEntry(NamedTuple):
    """One thing in the cache."""

    kind: str  # one of KINDS
    name: str
    path: Path
    bytes: int
    modified: datetime  # of its newest file, in UTC

    @property
    def key(self) -> str:
        """What `hf-exbert cache` calls it, such as "corpora/wizard_of_oz-1f2e3d"."""
        return f"{self.kind}/{self.name}"


def cache_root() -> Path:
    """The folder of everything cached; it exists when this returns."""
    from huggingface_hub import cached_assets_path

    return cached_assets_path(library_name="exbert_hub", namespace="cache", subfolder="v1")


def entries() -> list[CacheEntry]:
    """Everything cached, by kind and name."""
    root = cache_root()
    return [
        _entry(kind, path)
        for kind in KINDS
        if (root / kind).is_dir()
        for path in sorted((root / kind).iterdir())
        if not path.name.startswith(".")
    ]


def find(keys: Iterable[str]) -> list[CacheEntry]:
    """Cached things by their keys.

    :raises SelectionError: if there is no such thing.
    """
    by_key = {entry.key: entry for entry in entries()}
    try:
        return [by_key[key] for key in keys]
    except KeyError as error:
        raise SelectionError(f"the cache has no entry {error}: `hf-exbert cache` lists them") from None


def _entry(kind: str, path: Path) -> CacheEntry:
    files = [file.lstat() for file in (path, *path.rglob("*")) if file.is_symlink() or not file.is_dir()]
    newest = max((file.st_mtime for file in files), default=path.lstat().st_mtime)
    size = sum(file.st_size for file in files)
    return CacheEntry(kind, path.name, path, size, datetime.fromtimestamp(newest, UTC))


def delete(entry: CacheEntry) -> None:
    """Delete a cached thing from the disk.

    :raises LockedError: if another process is writing it.
    :raises ExbertError: if it is not in the cache.
    """
    folder = cache_root() / entry.kind
    if entry.kind not in KINDS or entry.path.parent != folder or entry.path.name in ("", ".", ".."):
        raise ExbertError(f"{entry.path} is not in the cache {folder}: nothing was deleted")
    with locked(entry.path):
        if entry.path.is_dir() and not entry.path.is_symlink():
            shutil.rmtree(entry.path)
        else:
            entry.path.unlink(missing_ok=True)


@contextmanager
def locked(path: str | Path, *, timeout: float = 0.0) -> Iterator[None]:
    """Keep other processes from working on a file or folder while the block runs.

    The lock is a hidden file beside `path`, which need not exist yet; it is left behind, because deleting it
    would let two waiting processes in. The system releases the lock when its process ends, in whatever way.

    :param timeout: seconds to wait for another process to finish.
    :raises LockedError: if it has not finished by then.
    """
    from filelock import FileLock, Timeout

    path = Path(path).absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path.with_name(f".{path.name}{_LOCK_SUFFIX}"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if timeout > 0:
            logger.info("Waiting up to %.0f s for another process to finish with %s", timeout, path)
        try:
            lock.acquire(timeout=timeout)
        except Timeout:
            raise LockedError(
                f"{path} is in use by another process. Wait until it has finished, or stop it, and try again; "
                "the lock ends with the process that holds it."
            ) from None
    try:
        yield
    finally:
        lock.release()
