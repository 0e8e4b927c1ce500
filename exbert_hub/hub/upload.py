"""Uploading a folder so that no reader ever takes a half-finished one for a complete one."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exbert_hub.errors import HubError

from .calls import explaining, patiently

if TYPE_CHECKING:
    from huggingface_hub import CommitInfo, HfApi

logger = logging.getLogger(__name__)

_TAG_ATTEMPTS = 5  # others may be tagging the same repository


@dataclass(frozen=True)
class Repository:
    """A dataset repository as it was when we began to write to it."""

    repo_id: str
    head: str  # commit of the branch
    private: bool
    gated: bool
    revision: str | None  # branch, None for main
    token: str | bool | None = field(default=None, repr=False)

    def read(self, name: str) -> str | None:
        """A text file of the head; None if there is none."""
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import RemoteEntryNotFoundError

        with explaining(f"reading {name} of {self.repo_id}"):
            try:
                path = hf_hub_download(self.repo_id, name, repo_type="dataset", revision=self.head, token=self.token)
            except RemoteEntryNotFoundError:
                return None
            return Path(path).read_text("utf-8-sig")


@dataclass(frozen=True)
class Upload:
    """What to upload: the data first, then what describes it, in one last commit."""

    folder: Path
    data: Sequence[str]  # names of files in the folder
    last: Mapping[str, bytes]  # small files, written in the last commit
    ours: Callable[[str], bool]  # whether a file in the repository is ours: it is deleted if it is in neither
    message: str


def open_repository(
    repo_id: str,
    *,
    private: bool | None = None,
    revision: str | None = None,
    create: bool = True,
    token: str | bool | None = None,
) -> Repository:
    """Find, or create, a dataset repository and its branch.

    :param private: of a new repository; the setting of the account if None. A repository that exists keeps its own.
    :param create: False to insist that it exists.
    :raises HubError: if it cannot be found, created or reached.
    """
    from huggingface_hub import HfApi

    api = HfApi(token=token)
    with explaining(f"opening {repo_id} for writing"):
        if create:
            patiently(lambda: api.create_repo(repo_id, repo_type="dataset", private=private, exist_ok=True))
        if revision is not None and create:
            patiently(lambda: api.create_branch(repo_id, branch=revision, repo_type="dataset", exist_ok=True))
        info = patiently(lambda: api.dataset_info(repo_id, revision=revision))
    if private is not None and info.private is not private:
        now = "private" if info.private else "public"
        raise HubError(
            f"{repo_id} is {now} already: change that in its settings on the Hub first, or leave out private="
        )
    assert info.sha is not None, "the Hub names the commit of every revision"
    return Repository(repo_id, info.sha, bool(info.private), bool(info.gated), revision, token)


def upload(content: Upload, target: Repository, *, create_pr: bool = False) -> CommitInfo:
    """Upload in two steps, data first, and tag the finished commit (not for a pull request).

    An interrupted upload resumes when it is called again: the Hub keeps the files it has completely received. What
    others write to the branch in the meantime is not overwritten.

    :raises HubError: on any failure that is not temporary, and if someone else wrote in the meantime.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, RepoFile

    api = HfApi(token=target.token)
    # opening a pull request is not repeated when its response is lost: there would be two
    attempt: Callable[[Callable[[], Any]], Any] = (lambda call: call()) if create_pr else patiently
    common: dict[str, Any] = {"repo_id": target.repo_id, "repo_type": "dataset"}

    def send_data() -> CommitInfo:
        return api.upload_folder(
            **common,
            folder_path=content.folder,
            allow_patterns=list(content.data),
            revision=target.revision,
            create_pr=create_pr,
            parent_commit=target.head,
            commit_message=f"{content.message} (data)",
        )

    with explaining(f"uploading to {target.repo_id}"):
        first: CommitInfo = attempt(send_data)
        branch = first.pr_revision or target.revision
        needed = {*content.data, *content.last}

        def send_last() -> CommitInfo:
            # of the branch, not of `first`: if only the response to this commit was lost, there is nothing left to do
            tree = api.list_repo_tree(**common, revision=branch, recursive=True)
            there = [entry.path for entry in tree if isinstance(entry, RepoFile)]
            return api.create_commit(
                **common,
                operations=[
                    *(CommitOperationAdd(name, data) for name, data in content.last.items()),
                    *(CommitOperationDelete(name) for name in there if content.ours(name) and name not in needed),
                ],
                revision=branch,
                create_pr=create_pr and first.pr_revision is None,
                parent_commit=first.oid,
                commit_message=content.message,
            )

        done: CommitInfo = attempt(send_last)
        if create_pr:
            return done if done.pr_url else first
        tag = _tag(api, target, done.oid)
    logger.info("%s is commit %s of %s, tagged %s", content.message, done.oid, target.repo_id, tag)
    return done


def tag_pattern(revision: str | None) -> re.Pattern[str]:
    """Names of the tags of finished uploads to a branch; group 1 is their number, the newest has the highest."""
    return re.compile(f"{re.escape(_tag_prefix(revision))}([1-9][0-9]*)")


def _tag_prefix(revision: str | None) -> str:
    return "index-" if revision in (None, "main") else f"{revision}-index-"


def _tag(api: HfApi, target: Repository, commit: str) -> str:
    """Tag a commit with the next number, unless it has a tag of ours already."""
    from huggingface_hub.errors import HfHubHTTPError

    pattern = tag_pattern(target.revision)
    for attempt in range(_TAG_ATTEMPTS):
        refs = patiently(lambda: api.list_repo_refs(target.repo_id, repo_type="dataset"))
        numbers = {int(match[1]): tag for tag in refs.tags if (match := pattern.fullmatch(tag.name))}
        for tag in numbers.values():
            if tag.target_commit == commit:
                return tag.name
        name = f"{_tag_prefix(target.revision)}{max(numbers, default=0) + 1}"
        try:
            patiently(partial(api.create_tag, target.repo_id, tag=name, revision=commit, repo_type="dataset"))
            return name
        except HfHubHTTPError as error:
            # 409: the name was taken in the meantime, by someone else or by us when only the response was lost
            if error.response.status_code != 409 or attempt == _TAG_ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")
