"""Downloading a shared index before it is used."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from exbert_hub.errors import HubError, SelectionError
from exbert_hub.index.format import layout
from exbert_hub.index.format.manifest import Manifest
from exbert_hub.index.format.types import Layer
from exbert_hub.index.store.store import Store

from .remote import open_remote


def pull(
    repo_id: str,
    output: Path | None = None,
    *,
    layers: Sequence[Layer] | None = None,
    revision: str | None = None,
    token: str | bool | None = None,
) -> tuple[Path, str]:
    """Download an index into the Hub's cache and, if requested, copy it into a folder.

    :param output: folder that does not exist yet or is empty.
    :param layers: the only ones to download (beside the tables); all if None.
    :return: where it is, and its commit.
    :raises HubError: if it cannot be downloaded, or `output` is not empty.
    :raises SelectionError: for a layer that the index does not have.
    """
    if output is not None and output.exists() and (output.is_file() or any(output.iterdir())):
        raise HubError(f"{output} is not empty: choose another folder")
    snapshot = open_remote(repo_id, revision, token=token)
    store = Store(snapshot.folder, snapshot)
    store.fetch(_names(store.manifest, layers))
    if output is None:
        return snapshot.folder, snapshot.commit
    for name in store.manifest.files:
        _copy(snapshot.folder / name, output / name)
    if layout.CARD in snapshot.listing():
        snapshot.fetch([layout.CARD])
        _copy(snapshot.folder / layout.CARD, output / layout.CARD)
    store.manifest.save(output)  # last: from here on the folder is an index
    return output, snapshot.commit


def _names(manifest: Manifest, layers: Sequence[Layer] | None) -> list[str]:
    if layers is None:
        return list(manifest.files)
    available = {spec.layer for spec in manifest.vectors}
    unknown = [layer for layer in layers if layer not in available]
    if unknown:
        raise SelectionError(f"the index has no layer {unknown[0]}; it has {', '.join(map(str, available))}")
    wanted = {spec.file for spec in manifest.vectors if spec.layer in layers}
    wanted |= {spec.coarse_file for spec in manifest.vectors if spec.layer in layers}
    wanted |= {layout.attention_file(layer) for layer in manifest.attention_layers if layer in layers}
    return [name for name in manifest.files if name in wanted or name == layout.HEADS or layout.is_table(name)]


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
