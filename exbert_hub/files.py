"""Operations on files that several rooms need."""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path


def write_atomic(path: Path, text: str) -> None:
    """Write a text file so that it is there completely or not at all, even after a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with draft.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def sha256_of(path: Path, between: Callable[[], None] = lambda: None) -> str:
    """Hex digest of a file's content. `hashlib.file_digest` has no callback, which a hash behind a search needs.

    :param between: called after every megabyte.
    """
    digest, block = hashlib.sha256(), bytearray(1 << 20)
    view = memoryview(block)
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(block):
            digest.update(view[:count])
            between()
    return digest.hexdigest()


def link_or_copy(source: Path, target: Path) -> None:
    """Put the same content under a second name, which must be free; as a hard link where the file system can."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, would survive a power cut."""
    if path.is_dir() and os.name == "nt":
        return  # Windows writes names by itself and cannot open folders
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
