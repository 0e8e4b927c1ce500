"""Folders of a dataset repository that several machines write at once, each its own: "hf://datasets/owner/name/…"."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from exbert_hub.errors import HubError

from .calls import explaining, patiently

_ATTEMPTS = 20  # every machine's commit makes the others' try again
_LONGEST_WAIT = 20.0


def open_folder(url: str, private: bool | None = None) -> None:
    """Create the repository of a URL unless it exists."""
    from huggingface_hub import HfApi

    api, place = HfApi(), _place(url)
    with explaining(f"opening {url} for writing"):
        patiently(
            lambda: api.create_repo(place["repo_id"], repo_type=place["repo_type"], private=private, exist_ok=True)
        )


def push_folder(folder: Path, url: str) -> None:
    """Copy a folder to a URL, in one commit."""
    from huggingface_hub import HfApi

    place, path = _place(url), _path(url)
    _commit(url, lambda: HfApi().upload_folder(**place, folder_path=folder, path_in_repo=path))


def push_file(content: bytes, url: str) -> None:
    """Write one file."""
    from huggingface_hub import HfApi

    place, path = _place(url), _path(url)
    _commit(url, lambda: HfApi().upload_file(**place, path_or_fileobj=content, path_in_repo=path))


def delete_folder(url: str) -> None:
    """Delete a folder, or a file; nothing if there is none."""
    from huggingface_hub import HfApi

    api, place, path = HfApi(), _place(url), _path(url)
    with explaining(f"looking for {url}"):
        files = patiently(lambda: api.list_repo_files(**place))
    if path in files:
        _commit(url, lambda: api.delete_file(path, **place))
    elif any(name.startswith(f"{path}/") for name in files):
        _commit(url, lambda: api.delete_folder(path, **place))


def _commit(url: str, call: Callable[[], Any]) -> None:
    """Make a commit, again if another one came first: they are different folders, so both may stay."""
    from huggingface_hub.errors import HfHubHTTPError

    with explaining(f"writing {url}"):
        for attempt in range(_ATTEMPTS):
            try:
                patiently(call)
                return
            except HfHubHTTPError as error:
                if error.response.status_code not in (409, 412) or attempt == _ATTEMPTS - 1:
                    raise
                # a random wait, so that two that collided once do not collide again
                time.sleep(random.uniform(0, min(_LONGEST_WAIT, 2.0**attempt)))


def repository_of(url: str) -> str:
    """The "owner/name" in a URL."""
    return _resolve(url).id


def _place(url: str) -> dict[str, Any]:
    place = _resolve(url)
    return {"repo_id": place.id, "repo_type": place.type, "revision": place.revision}


def _path(url: str) -> str:
    return _resolve(url).path_in_repo


def _resolve(url: str) -> Any:
    from huggingface_hub import parse_hf_uri

    try:
        return parse_hf_uri(url)
    except ValueError as error:
        raise HubError(f"{url} is not a place on the Hub: write it as hf://datasets/owner/name") from error
