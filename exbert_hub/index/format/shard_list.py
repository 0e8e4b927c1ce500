"""`shards.json`: names and manifest hashes of the indexes that are the shards of a larger one. Written last."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path

from exbert_hub.errors import IndexFormatError
from exbert_hub.files import write_atomic

from . import layout
from .layout import SHARD_LIST

FORMAT_VERSION = 1

_NAME = re.compile(r"shard-\d{5}")
_MOST = 10_000


def shard_name(number: int) -> str:
    return f"shard-{number:05d}"


def list_text(manifests: Iterable[bytes]) -> str:
    """The content of `shards.json`, given the `exbert.json` of each shard in order."""
    shards = {shard_name(n): hashlib.sha256(manifest).hexdigest() for n, manifest in enumerate(manifests)}
    return json.dumps({"format_version": FORMAT_VERSION, "shards": shards}, indent=1) + "\n"


def write_list(folder: Path, count: int) -> None:
    """Make the first so many shards of a folder one index."""
    manifests = [(folder / shard_name(number) / layout.MANIFEST).read_bytes() for number in range(count)]
    write_atomic(folder / SHARD_LIST, list_text(manifests))


def read_list(path: Path) -> dict[str, str]:
    """Names of the shards, in order, with the sha256 of their manifests; anybody may have written it."""
    try:
        written = json.loads(path.read_text("utf-8"))
        version, shards = written["format_version"], dict(written["shards"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexFormatError(f"{path} is malformed: {error!r}") from error
    if version != FORMAT_VERSION:
        raise IndexFormatError(
            f"{path} has format version {version}, this exbert_hub reads {FORMAT_VERSION}: upgrade exbert_hub"
        )
    if not 0 < len(shards) <= _MOST or not all(map(_NAME.fullmatch, shards)):
        raise IndexFormatError(f"{path} does not name 1 to {_MOST} shards")
    return dict(sorted(shards.items()))
