"""What a Hub keeps: repositories with commits, branches, tags and large files. No HTTP here."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import yaml

LARGE = (".parquet", ".faiss", ".safetensors")
"""What .gitattributes of a new dataset repository sends to large file storage, as far as we need it."""


class Refusal(Exception):
    """An answer other than 200, as the Hub gives it."""

    def __init__(self, status: int, message: str, code: str | None = None, **details: str) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.details = status, message, code, details


@dataclass(frozen=True)
class Blob:
    data: bytes
    large: bool

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def git_oid(self) -> str:
        return hashlib.sha1(f"blob {len(self.data)}\0".encode() + self.data).hexdigest()

    @property
    def etag(self) -> str:
        return self.sha256 if self.large else self.git_oid


@dataclass(frozen=True)
class Commit:
    oid: str
    title: str
    files: dict[str, Blob]


@dataclass
class Repo:
    id: str
    private: bool = False
    gated: bool = False
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    commits: dict[str, Commit] = field(default_factory=dict)
    downloads: int = 0

    def __post_init__(self) -> None:
        self.commit("main", "initial commit", {".gitattributes": Blob(b"*.parquet filter=lfs\n", False)})

    @property
    def owner(self) -> str:
        return self.id.split("/")[0]

    def commit(self, branch: str, title: str, files: dict[str, Blob]) -> Commit:
        made = f"{self.id} {branch} {title} {len(self.commits)}"
        commit = Commit(hashlib.sha1(made.encode()).hexdigest(), title, files)
        self.commits[commit.oid] = commit
        self.branches[branch] = commit.oid
        return commit

    def at(self, revision: str) -> Commit:
        oid = self.branches.get(revision) or self.tags.get(revision) or revision
        if oid not in self.commits:
            raise Refusal(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return self.commits[oid]

    @property
    def card(self) -> dict[str, Any]:
        readme = self.at("main").files.get("README.md")
        if readme is None or not readme.data.startswith(b"---\n"):
            return {}
        return yaml.safe_load(readme.data.split(b"---\n")[1])

    @property
    def shown_tags(self) -> list[str]:
        card = self.card
        listed = [f"language:{code}" for code in card.get("language", [])]
        return [*card.get("tags", []), *listed, *([f"license:{card['license']}"] if "license" in card else [])]

    def info(self, revision: str = "main") -> dict[str, Any]:
        commit = self.at(revision)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        return {
            "_id": "0", "id": self.id, "author": self.owner, "sha": commit.oid, "lastModified": now, "createdAt": now,
            "private": self.private, "gated": "manual" if self.gated else False, "disabled": False,
            "downloads": self.downloads, "likes": 0, "tags": self.shown_tags, "cardData": self.card,
            "siblings": [{"rfilename": name} for name in commit.files],
        }  # fmt: skip


class Hub:
    """Users, repositories, and the large files that were received whole."""

    def __init__(self) -> None:
        self.users = {"hf_alice": "alice", "hf_bob": "bob"}
        self.read_only = {"hf_alice_read": "alice"}
        self.repos: dict[str, Repo] = {}
        self.large: dict[str, bytes] = {}
        self.lock = threading.RLock()

    def user_of(self, token: str | None) -> str | None:
        if token is None:
            return None
        user = self.users.get(token) or self.read_only.get(token)
        if user is None:
            raise Refusal(401, "Invalid credentials in Authorization header")
        return user

    def readable(self, repo_id: str, token: str | None, files: bool = False) -> Repo:
        """:param files: the content is wanted, not only what is known about the repository."""
        user, repo = self.user_of(token), self.repos.get(repo_id)
        if repo is None or (repo.private and user != repo.owner):
            raise Refusal(404 if user else 401, "Repository not found", "RepoNotFound")
        if files and repo.gated and user != repo.owner:
            raise Refusal(403 if user else 401, "Access to this dataset is restricted", "GatedRepo")
        return repo

    def writable(self, repo_id: str, token: str | None) -> Repo:
        repo = self.readable(repo_id, token)
        if token is None or self.users.get(token) != repo.owner:
            raise Refusal(403, "You have no write access to this repository")
        return repo

    def create(self, owner: str | None, name: str, private: bool, token: str | None, base: str) -> Repo:
        user = self.user_of(token)
        if token not in self.users or (owner or user) != user:
            raise Refusal(403, f'You don\'t have the rights to create a dataset under the namespace "{owner}"')
        repo_id = f"{user}/{name}"
        if repo_id in self.repos:
            raise Refusal(409, "You already created this dataset repo", url=base + repo_id)
        self.repos[repo_id] = Repo(repo_id, private)
        return self.repos[repo_id]

    def apply(
        self, repo: Repo, branch: str, lines: list[dict[str, Any]], create_pr: bool
    ) -> tuple[Commit, int | None]:
        """A commit from the lines of its request."""
        import base64

        header = lines[0]["value"]
        head = repo.at(branch)
        if header.get("parentCommit") not in (None, head.oid) and not create_pr:
            raise Refusal(412, "A commit has happened since. Please refresh and try again.")
        files = dict(head.files)
        for line in lines[1:]:
            kind, value = line["key"], line["value"]
            if kind == "file":
                files[value["path"]] = Blob(base64.b64decode(value["content"]), False)
            elif kind == "lfsFile":
                if value["oid"] not in self.large:
                    raise Refusal(400, f"LFS pointer pointed to a file that does not exist: {value['path']}")
                files[value["path"]] = Blob(self.large[value["oid"]], True)
            elif kind == "deletedFile":
                if files.pop(value["path"], None) is None:
                    raise Refusal(404, f"A file with this name doesn't exist: {value['path']}", "EntryNotFound")
            elif kind == "deletedFolder":
                within = [name for name in files if name.startswith(f"{value['path'].rstrip('/')}/")]
                if not within:
                    raise Refusal(404, f"A folder with this name doesn't exist: {value['path']}", "EntryNotFound")
                for name in within:
                    del files[name]
            else:
                raise Refusal(400, f"unknown operation {kind}")
        number = None
        if create_pr:
            number = 1 + sum(name.startswith("refs/pr/") for name in repo.branches)
            branch = f"refs/pr/{number}"
        return repo.commit(branch, header["summary"], files), number
