"""A dataset repository at one commit, whose files are downloaded into the Hub's cache when they are used."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from .calls import explaining, patiently

logger = logging.getLogger(__name__)

_THREADS = 4


class RemoteFile(NamedTuple):
    """What the Hub says about a file."""

    size: int
    sha256: str | None  # None for small files, which git keeps itself


@dataclass(frozen=True)
class Snapshot:
    """The files of a dataset repository at one commit, which never changes."""

    repo_id: str
    commit: str
    folder: Path  # in the Hub's cache; holds what was downloaded so far
    token: str | bool | None = field(default=None, repr=False)
    cache_dir: str | Path | None = None
    local_files_only: bool = False
    within: str = ""  # the folder of the repository that all names are relative to, and `folder` stands for

    def fetch(self, names: Iterable[str], *, again: bool = False) -> None:
        """Download files, with progress on stderr; those in the cache take nothing, not even a request.

        :param again: download them even so, because what is in the cache is damaged.
        :raises HubError: if a file cannot be downloaded.
        """
        missing = [name for name in names if again or not (self.folder / name).is_file()]
        with explaining(f"downloading {self.repo_id}"), ThreadPoolExecutor(_THREADS) as threads:
            for _ in threads.map(lambda name: patiently(lambda: self._download(name, again)), missing):
                pass

    def _download(self, name: str, again: bool) -> None:
        from huggingface_hub import hf_hub_download

        hf_hub_download(
            self.repo_id,
            f"{self.within}/{name}" if self.within else name,
            repo_type="dataset",
            revision=self.commit,
            token=self.token,
            cache_dir=self.cache_dir,
            local_files_only=self.local_files_only,
            force_download=again,
        )

    def listing(self) -> dict[str, RemoteFile]:
        """Every file of the commit (in the folder), downloaded or not.

        :raises HubError: if the Hub cannot be reached.
        """
        from huggingface_hub import HfApi, RepoFile

        api, folder = HfApi(token=self.token), f"{self.within}/" if self.within else ""

        def read() -> dict[str, RemoteFile]:
            tree = api.list_repo_tree(
                self.repo_id, self.within or None, repo_type="dataset", revision=self.commit, recursive=True
            )
            return {
                entry.path.removeprefix(folder): RemoteFile(entry.size, entry.lfs.sha256 if entry.lfs else None)
                for entry in tree
                if isinstance(entry, RepoFile)
            }

        with explaining(f"listing {self.repo_id}"):
            return patiently(read)


def is_offline(local_files_only: bool = False) -> bool:
    """Whether the Hub must not be contacted."""
    from huggingface_hub import constants

    return local_files_only or constants.is_offline_mode()


def open_snapshot(
    repo_id: str,
    name: str,
    *,
    revision: str | None = None,
    token: str | bool | None = None,
    cache_dir: str | Path | None = None,
    local_files_only: bool = False,
) -> Snapshot | None:
    """Download one file of a dataset repository and pin the commit it belongs to.

    :param name: a file that every repository of interest has; where it is missing, None is returned.
    :param revision: branch, tag or commit; the main branch if None.
    :raises HubError: if the repository or the revision cannot be found or reached, and is not in the cache either.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import RemoteEntryNotFoundError

    at = f" at {revision}" if revision else ""
    with explaining(f"opening {repo_id}{at}"):
        try:
            path = Path(
                hf_hub_download(
                    repo_id,
                    name,
                    repo_type="dataset",
                    revision=revision,
                    token=token,
                    cache_dir=cache_dir,
                    local_files_only=local_files_only,
                )
            )
        except RemoteEntryNotFoundError:
            return None
    folder = path.parents[name.count("/")]
    return Snapshot(repo_id, folder.name, folder, token, cache_dir, local_files_only)


def known_tags(
    repo_id: str,
    *,
    token: str | bool | None = None,
    cache_dir: str | Path | None = None,
    local_files_only: bool = False,
) -> list[str]:
    """Tags of a dataset repository; offline, those in the cache.

    :raises HubError: if it cannot be reached.
    """
    from huggingface_hub import HfApi, scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    if not is_offline(local_files_only):
        with explaining(f"reading the tags of {repo_id}"):
            refs = patiently(lambda: HfApi(token=token).list_repo_refs(repo_id, repo_type="dataset"))
        return [tag.name for tag in refs.tags]
    try:
        repos = scan_cache_dir(cache_dir).repos
    except CacheNotFound:  # nothing was ever downloaded
        return []
    return [ref for repo in repos if (repo.repo_id, repo.repo_type) == (repo_id, "dataset") for ref in repo.refs]
