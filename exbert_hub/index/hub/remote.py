"""Finding the newest complete index in a repository on the Hub, and pinning its commit."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from exbert_hub import hub
from exbert_hub.errors import HubError, IndexFormatError, SelectionError
from exbert_hub.index.format import layout
from exbert_hub.index.format.manifest import Manifest

logger = logging.getLogger(__name__)


def locate(
    name: str | os.PathLike[str], revision: str | None = None, **access: Any
) -> tuple[Path, hub.Snapshot | None]:
    """The folder of an index, and where its missing files come from; an existing folder goes before a repository.

    :raises SelectionError: for a revision of a folder.
    """
    if isinstance(name, str) and hub.is_repo_id(name) and not os.path.isdir(name):
        snapshot = open_remote(name, revision, **access)
        return snapshot.folder, snapshot
    if revision is not None:
        raise SelectionError(f"{name} is not a repository on the Hub, so it has no revision {revision!r}")
    return Path(name), None


def open_remote(repo_id: str, revision: str | None = None, **access: Any) -> hub.Snapshot:
    """The commit of a revision if the index in it is complete, else that of the newest finished upload to it.

    Only the manifest is downloaded. The Hub is asked once per commit whether the rest is there, before the tables are
    downloaded: if they are in the cache, that was done.

    :param access: `token`, `cache_dir`, `local_files_only`, as in huggingface_hub.
    :raises HubError: if the repository cannot be opened.
    :raises IndexFormatError: if it holds no complete index.
    """
    problems: list[str] = []
    for candidate in _candidates(repo_id, revision, access):
        try:
            snapshot = hub.open_snapshot(repo_id, layout.MANIFEST, revision=candidate, **access)
        except HubError:
            # offline, an unfinished main is not in the cache, but the tag that was opened instead of it may be
            if not hub.is_offline(access.get("local_files_only", False)) or not hub.known_tags(repo_id, **access):
                raise
            problems.append("it is not in the cache")
            continue
        problem = f"it has no {layout.MANIFEST}" if snapshot is None else _missing(snapshot)
        if snapshot is not None and not problem:
            if problems:
                logger.warning(
                    "%s is unfinished (%s): opening its newest finished index, %s", repo_id, problems[0], candidate
                )
            return snapshot
        problems.append(problem)
    raise IndexFormatError(
        f"{repo_id}{f' at {revision}' if revision else ''} holds no complete index: {problems[0]}. If it is being "
        "uploaded, wait and try again; `hf-exbert list` shows indexes."
    )


def _candidates(repo_id: str, revision: str | None, access: Mapping[str, Any]) -> Iterator[str | None]:
    """The requested revision, then the tags of finished uploads to it, newest first."""
    yield revision
    pattern = hub.tag_pattern(revision)
    matches = [match for tag in hub.known_tags(repo_id, **access) if (match := pattern.fullmatch(tag))]
    for match in sorted(matches, key=lambda match: -int(match[1])):
        yield match[0]


def _missing(snapshot: hub.Snapshot) -> str:
    """What is missing in a commit of the index that its manifest describes; empty if nothing."""
    manifest = Manifest.load(snapshot.folder)
    if all((snapshot.folder / name).exists() for name in manifest.files if layout.is_table(name)):
        return ""
    if hub.is_offline(snapshot.local_files_only):
        return "not all of its tables are in the cache"
    listing = snapshot.listing()
    for name, entry in manifest.files.items():
        file = listing.get(name)
        if file is None:
            return f"{name} is missing"
        if file.size != entry.size or file.sha256 not in (None, entry.sha256):
            return f"{name} is not the file that its manifest names"
    return ""
