"""`shards.json`: the whole indexes in one folder or repository that are the shards of a larger one. Written last."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from exbert_hub import hub
from exbert_hub.corpus.types import CorpusInfo, Coverage
from exbert_hub.errors import IndexFormatError, IndexMismatchError
from exbert_hub.files import sha256_of, write_atomic
from exbert_hub.index.build import windows
from exbert_hub.index.format import layout
from exbert_hub.index.format.layout import SHARD_LIST
from exbert_hub.index.format.manifest import Manifest
from exbert_hub.index.hub.remote import locate
from exbert_hub.index.store.store import Store

FORMAT_VERSION = 1

_NAME = re.compile(r"shard-\d{5}")
_MOST = 10_000


def shard_name(number: int) -> str:
    return f"shard-{number:05d}"


@dataclass(frozen=True)
class ShardPlace:
    """Where one shard lies. May be sent to another machine, which has another cache."""

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


def list_text(manifests: Iterable[bytes]) -> str:
    """The content of `shards.json`, given the `exbert.json` of each shard in order."""
    shards = {shard_name(n): hashlib.sha256(manifest).hexdigest() for n, manifest in enumerate(manifests)}
    return json.dumps({"format_version": FORMAT_VERSION, "shards": shards}, indent=1) + "\n"


def write_list(folder: Path, count: int) -> None:
    """Make the first so many shards of a folder one index."""
    manifests = [(folder / shard_name(number) / layout.MANIFEST).read_bytes() for number in range(count)]
    write_atomic(folder / SHARD_LIST, list_text(manifests))


def find_shards(name: str | os.PathLike[str], revision: str | None = None, **access: Any) -> list[ShardPlace]:
    """The shards in a folder or a repository; an index of one piece is its only shard.

    :raises IndexFormatError: if it is neither, or the shards are not those that the list names.
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
    shards = _read(path)
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
        raise IndexFormatError(f"{repo_id} has no {manifest} any more")
    part = replace(snapshot, folder=snapshot.folder / within, within=within)
    return part.folder, part


def _read(path: Path) -> dict[str, str]:
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


def merge_manifests(places: Sequence[ShardPlace]) -> Manifest:
    """What the shards are together; several list no files.

    :raises IndexMismatchError: if they are not of one model, one annotator, the same labels, layers and codec.
    """
    if len(places) == 1:
        return places[0].manifest
    return merged([(str(place), place.manifest) for place in places])


def merged(shards: Sequence[tuple[str, Manifest]], *, files: bool = False) -> Manifest:
    """As `merge_manifests`, of shards by name.

    :param files: list the files of the shards, each in the folder of that name.
    """
    manifests = [manifest for _, manifest in shards]
    (first_name, first) = shards[0]
    for name, manifest in shards:
        for what, mine in _identity(manifest).items():
            if mine != _identity(first)[what]:
                raise IndexMismatchError(
                    f"{name} and {first_name} are no shards of one index: their {what} differ. Search them one by "
                    "one, or build them again in the same way."
                )
    coverage = Coverage()
    for manifest in manifests:
        windows.add(coverage, manifest.coverage)
    pieces = sum(manifest.pieces for manifest in manifests)
    return replace(
        first,
        corpus=_merge_corpora([manifest.corpus for manifest in manifests]),
        coverage=coverage,
        pieces=pieces,
        sentences=sum(manifest.sentences for manifest in manifests),
        base_rates=_merge_rates(manifests, pieces),
        created=max(manifest.created for manifest in manifests),
        files={f"{name}/{file}": entry for name, one in shards for file, entry in one.files.items()} if files else {},
    )


def _identity(manifest: Manifest) -> dict[str, Any]:
    return {
        "models": (manifest.model.weights_fingerprint, manifest.model.tokenizer_fingerprint),
        "annotators": (manifest.corpus.annotator, manifest.corpus.annotator_version),
        "labels": (*manifest.labels, *manifest.added_labels),
        "layers or kinds of vectors": set(manifest.vectors),
        "layers with attention": set(manifest.attention_layers),
        "codecs": manifest.codec,
    }


def _merge_corpora(corpora: Sequence[CorpusInfo]) -> CorpusInfo:
    def joined(field: str) -> str:
        return " + ".join(dict.fromkeys(value for corpus in corpora if (value := getattr(corpus, field))))

    return replace(
        corpora[0],
        name=joined("name"),
        source=joined("source"),
        language=joined("language"),
        license=joined("license"),
        sha256=joined("sha256"),
    )


def _merge_rates(manifests: Sequence[Manifest], pieces: int) -> dict[str, dict[str, float]]:
    """Of the labels that every shard has the rates of."""
    merged = {}
    for label in manifests[0].base_rates:
        if all(label in manifest.base_rates for manifest in manifests):
            shares: dict[str, float] = {}
            for manifest in manifests:
                for value, share in manifest.base_rates[label].items():
                    shares[value] = shares.get(value, 0.0) + share * manifest.pieces / pieces
            merged[label] = dict(sorted(shares.items(), key=lambda item: (-item[1], item[0])))
    return merged
