"""`shards.json`: names and manifest hashes of the indexes that are the shards of a larger one. Written last."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from exbert_hub.checked_json import parse_json
from exbert_hub.errors import IndexFormatError

FORMAT_VERSION = 1

_NAME = re.compile(r"shard-\d{5}")
_MOST = 10_000
_MOST_BYTES = 200 * _MOST


@dataclass(frozen=True)
class ShardList:
    """What `shards.json` holds."""

    format_version: int
    shards: dict[str, str]  # name -> sha256 of its manifest


def shard_name(number: int) -> str:
    return f"shard-{number:05d}"


def list_text(manifests: Iterable[bytes]) -> str:
    """The content of `shards.json`, given the `exbert.json` of each shard in order."""
    shards = {shard_name(n): hashlib.sha256(manifest).hexdigest() for n, manifest in enumerate(manifests)}
    return json.dumps(asdict(ShardList(FORMAT_VERSION, shards)), indent=1) + "\n"


def read_list(path: Path) -> dict[str, str]:
    """Names of the shards, in order, with the sha256 of their manifests; anybody may have written it.

    :raises IndexFormatError: if it is not such a list.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise IndexFormatError(f"{path} cannot be read: {error}") from error
    if len(text) > _MOST_BYTES:
        raise IndexFormatError(f"{path} is longer than a list of {_MOST:,} shards: not read")
    written = parse_json(text, ShardList, str(path))
    if written.format_version != FORMAT_VERSION:
        raise IndexFormatError(
            f"{path} has format version {written.format_version}, this exbert_hub reads {FORMAT_VERSION}: "
            "upgrade exbert_hub"
        )
    if not 0 < len(written.shards) <= _MOST or not all(map(_NAME.fullmatch, written.shards)):
        raise IndexFormatError(f"{path} does not name 1 to {_MOST} shards")
    return dict(sorted(written.shards.items()))
