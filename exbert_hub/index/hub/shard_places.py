"""Where the shards of an index are: in a folder or a repository, each an index of its own."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from exbert_hub import hub
from exbert_hub.errors import IndexFormatError
from exbert_hub.files import sha256_of
from exbert_hub.index.format import layout
from exbert_hub.index.format.layout import SHARD_LIST
from exbert_hub.index.format.manifest import Manifest
from exbert_hub.index.format.shard_list import read_list
from exbert_hub.index.store.store import Store

from .remote import locate


@dataclass(frozen=True)
class ShardPlace:
    """Where one shard is. May be sent to another machine, which has another cache."""

    folder: Path
    remote: hub.Snapshot | None

    def open(self) -> Store:
        remote = self.remote
        if remote is None or (self.folder / layout.MANIFEST).is_file():
            return Store(self.folder, remote)
        return Store(*_pinned(remote.repo_id, remote.commit, remote.within, token=remote.token))

    @property
    def manifest(self) -> Manifest:
        return Manifest.load(self.folder)

    def __str__(self) -> str:
        return f"{self.remote.repo_id}/{self.remote.within}".rstrip("/") if self.remote else str(self.folder)


def find_shards(name: str | os.PathLike[str], revision: str | None = None, **access: Any) -> list[ShardPlace]:
    """The shards in a folder or a repository; an index in one piece is its only shard.

    :raises IndexFormatError: if it is neither, or the shards are not the ones in the list.
    """
    try:
        folder, remote = locate(name, revision, **access)
    except IndexFormatError:  # no index in the repository: there may be shards
        snapshot = hub.open_snapshot(str(name), SHARD_LIST, revision=revision, **access)
        if snapshot is None:
            raise
        folder, remote = snapshot.folder, snapshot
    path = folder / SHARD_LIST
    if (folder / layout.MANIFEST).exists() or not path.is_file():
        return [ShardPlace(folder, remote)]
    shards = read_list(path)
    if remote is not None:
        remote.fetch(f"{shard}/{layout.MANIFEST}" for shard in shards)
    places = [
        ShardPlace(folder / shard, remote and replace(remote, folder=folder / shard, within=shard)) for shard in shards
    ]
    for place, sha256 in zip(places, shards.values(), strict=True):
        manifest = place.folder / layout.MANIFEST
        if not manifest.is_file() or sha256_of(manifest) != sha256:
            raise IndexFormatError(f"{manifest} is not what {path} names: build or download the shards again")
    return places


def _pinned(repo_id: str, commit: str, within: str, **access: Any) -> tuple[Path, hub.Snapshot]:
    manifest = f"{within}/{layout.MANIFEST}".lstrip("/")
    snapshot = hub.open_snapshot(repo_id, manifest, revision=commit, **access)
    if snapshot is None:
        raise IndexFormatError(f"{repo_id} no longer has {manifest}")
    part = replace(snapshot, folder=snapshot.folder / within, within=within)
    return part.folder, part
