"""A loopback server that speaks the Hub's protocol as far as the unmodified huggingface_hub client needs it.

Large files take the classic path (LFS batch, signed PUT, redirect to another origin), which huggingface_hub uses where
hf_xet is not installed or HF_HUB_DISABLE_XET=1.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any
from urllib.parse import parse_qs, quote

import yaml

from .repos import LARGE, Hub, Refusal, Repo
from .wire import Reply, Wire, WireServer

PAGE = 3
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


class HubServer(WireServer):
    """Start it, point HF_ENDPOINT at `endpoint`, look at `hub` and `requests`."""

    def __init__(self) -> None:
        self.hub = Hub()
        super().__init__(HubHandler)


class HubHandler(Wire):
    """One method per endpoint; each returns what sends the answer, once the lock is free."""

    server_state: HubServer

    @property
    def hub(self) -> Hub:
        return self.server_state.hub

    def route(self, path: str) -> Reply:
        for method, pattern, name in ROUTES:
            if (found := pattern.fullmatch(path)) and self.command in method.split():
                with self.hub.lock:
                    reply: Reply = getattr(self, name)(*found.groups())
                return reply
        raise Refusal(404, f"no such endpoint: {self.command} {path}")

    def whoami(self) -> Reply:
        user = self.hub.user_of(self.token)
        if user is None:
            raise Refusal(401, "Invalid username or password.")
        return self._json({"type": "user", "name": user, "orgs": []})

    def create(self) -> Reply:
        wanted = json.loads(self.body)
        private = wanted.get("visibility") == "private"
        base = f"{self.server_state.endpoint}/datasets/"
        repo = self.hub.create(wanted.get("organization"), wanted["name"], private, self.token, base)
        return self._json({"url": base + repo.id})

    def validate(self) -> Reply:
        head = json.loads(self.body)["content"].split("---\n")
        try:
            license = yaml.safe_load(head[1])["license"]
        except (yaml.YAMLError, IndexError, KeyError, TypeError):
            license = None
        if license not in ("mit", "cc0-1.0", "cc-by-4.0", "other", "unknown"):
            errors = [{"message": f'"license" must be one of …, not {license!r}'}]
            return lambda: self._send(400, json.dumps({"errors": errors, "warnings": []}).encode(), {})
        return self._json({"errors": [], "warnings": []})

    def list(self) -> Reply:
        user, wanted = self.hub.user_of(self.token), set(self.query.get("filter", []))
        found = [
            repo
            for repo in self.hub.repos.values()
            if wanted <= set(repo.shown_tags) and (not repo.private or repo.owner == user)
        ]
        found.sort(key=lambda repo: -repo.downloads)
        start = int(self.query.get("cursor", ["0"])[0])
        headers = {}
        if start + PAGE < len(found):
            tags = "".join(f"&filter={quote(tag)}" for tag in sorted(wanted))
            headers["Link"] = f'<{self.server_state.endpoint}/api/datasets?cursor={start + PAGE}{tags}>; rel="next"'
        return self._json([repo.info() for repo in found[start : start + PAGE]], headers)

    def info(self, repo_id: str, revision: str | None = None) -> Reply:
        return self._json(self.hub.readable(repo_id, self.token).info(revision or "main"))

    def refs(self, repo_id: str) -> Reply:
        repo = self.hub.readable(repo_id, self.token)
        branches = {name: oid for name, oid in repo.branches.items() if not name.startswith("refs/pr/")}

        def shown(kind: str, refs: dict[str, str]) -> list[dict[str, str]]:
            return [{"name": n, "ref": f"refs/{kind}/{n}", "targetCommit": oid} for n, oid in refs.items()]

        return self._json({"branches": shown("heads", branches), "tags": shown("tags", repo.tags), "converts": []})

    def tree(self, repo_id: str, revision: str, folder: str | None = None) -> Reply:
        repo = self.hub.readable(repo_id, self.token, files=True)
        recursive = self.query.get("recursive", ["false"])[0].lower() == "true"
        prefix = f"{folder}/" if folder else ""
        entries: dict[str, dict[str, Any]] = {}
        for name in sorted(repo.at(revision).files):
            if name.startswith(prefix):
                parts = name.removeprefix(prefix).split("/")
                for depth in range(1, len(parts) if recursive else min(len(parts), 2)):
                    path = prefix + "/".join(parts[:depth])
                    entries[path] = {"type": "directory", "path": path, "oid": "0" * 40, "size": 0}
                if recursive or len(parts) == 1:
                    entries[name] = self._entry(repo_id, revision, name)
        if folder and not entries:
            raise Refusal(404, f"{folder} does not exist on {revision}", "EntryNotFound")
        return self._json(list(entries.values()))

    def paths_info(self, repo_id: str, revision: str) -> Reply:
        files = self.hub.readable(repo_id, self.token, files=True).at(revision).files
        form = parse_qs(self.body.decode()) if not self.body.startswith(b"{") else json.loads(self.body)
        paths = form["paths"] if isinstance(form["paths"], list) else [form["paths"]]
        folders = [path for path in paths if any(name.startswith(f"{path}/") for name in files)]
        shown = [{"type": "directory", "path": path, "oid": "0" * 40, "size": 0} for path in folders]
        return self._json([*shown, *(self._entry(repo_id, revision, path) for path in paths if path in files)])

    def _entry(self, repo_id: str, revision: str, name: str) -> dict[str, Any]:
        blob = self.hub.repos[repo_id].at(revision).files[name]
        entry = {"type": "file", "path": name, "size": len(blob.data), "oid": blob.git_oid}
        large = {"oid": blob.sha256, "size": len(blob.data), "pointerSize": 134}
        return entry | ({"lfs": large} if blob.large else {})

    def preupload(self, repo_id: str, revision: str) -> Reply:
        repo = self._target(repo_id, revision)
        there = repo.at(revision).files
        answers = []
        for file in json.loads(self.body)["files"]:
            mode = "lfs" if file["path"].endswith(LARGE) else "regular"
            answer = {"path": file["path"], "uploadMode": mode, "shouldIgnore": False}
            answers.append(answer | ({"oid": there[file["path"]].etag} if file["path"] in there else {}))
        return self._json({"files": answers})

    def _target(self, repo_id: str, revision: str) -> Repo:
        proposal = "create_pr" in self.query or revision.startswith("refs/pr/")
        return self._proposable(repo_id) if proposal else self.hub.writable(repo_id, self.token)

    def _proposable(self, repo_id: str) -> Repo:
        """Whoever is logged in may open a pull request."""
        repo = self.hub.readable(repo_id, self.token)
        if self.hub.user_of(self.token) is None:
            raise Refusal(401, "log in first")
        return repo

    def lfs_batch(self, repo_id: str) -> Reply:
        self._proposable(repo_id)
        objects = []
        for wanted in json.loads(self.body)["objects"]:
            answer = {"oid": wanted["oid"], "size": wanted["size"]}
            if wanted["oid"] not in self.hub.large:
                upload = {"href": f"{self.server_state.storage}/storage/{wanted['oid']}?signature=1", "header": {}}
                verify = {"href": f"{self.server_state.endpoint}/datasets/{repo_id}/lfs/verify", "header": {}}
                answer["actions"] = {"upload": upload, "verify": verify}
            objects.append(answer)
        return self._json({"transfer": "basic", "objects": objects})

    def verify(self, repo_id: str) -> Reply:
        wanted = json.loads(self.body)
        if len(self.hub.large.get(wanted["oid"], b"")) != wanted["size"]:
            raise Refusal(404, "the file did not arrive whole")
        return self._json({})

    def store(self, oid: str) -> Reply:
        if hashlib.sha256(self.body).hexdigest() != oid:
            raise Refusal(400, "the content does not match its signature")
        self.hub.large[oid] = self.body
        return self._json({})

    def commit(self, repo_id: str, revision: str) -> Reply:
        create_pr = "create_pr" in self.query
        repo = self._target(repo_id, revision)
        lines = [json.loads(line) for line in self.body.splitlines()]
        commit, number = self.hub.apply(repo, revision, lines, create_pr)
        base = f"{self.server_state.endpoint}/datasets/{repo.id}"
        answer = {"success": True, "commitOid": commit.oid, "commitUrl": f"{base}/commit/{commit.oid}"}
        return self._json(answer | ({"pullRequestUrl": f"{base}/discussions/{number}"} if number else {}))

    def tag(self, repo_id: str, revision: str) -> Reply:
        repo, name = self.hub.writable(repo_id, self.token), json.loads(self.body)["tag"]
        if name in repo.tags:
            raise Refusal(409, "Tag reference exists already")
        repo.tags[name] = repo.at(revision).oid
        return self._json({})

    def branch(self, repo_id: str, name: str) -> Reply:
        repo = self.hub.writable(repo_id, self.token)
        if name in repo.branches:
            raise Refusal(409, "Reference already exists")
        repo.branches[name] = repo.branches["main"]
        return self._json({})

    def resolve(self, repo_id: str, revision: str, name: str) -> Reply:
        commit = self.hub.readable(repo_id, self.token, files=True).at(revision)
        if name not in commit.files:
            headers = {"X-Error-Code": "EntryNotFound", "X-Error-Message": "Entry not found"}
            return lambda: self._send(404, b"", headers | {"X-Repo-Commit": commit.oid})
        blob = commit.files[name]
        headers = {"X-Repo-Commit": commit.oid, "ETag": f'"{blob.etag}"', "Accept-Ranges": "bytes"}
        if blob.large:
            headers |= {"X-Linked-Etag": f'"{blob.etag}"', "X-Linked-Size": str(len(blob.data))}
            headers |= {"Location": f"{self.server_state.storage}/storage/{blob.sha256}?signature=1"}
            return lambda: self._send(302, b"", headers)
        return self._ranged(blob.data, headers)

    def fetch(self, oid: str) -> Reply:
        if oid not in self.hub.large:
            raise Refusal(404, "no such object")
        return self._ranged(self.hub.large[oid], {"ETag": f'"{oid}"'})

    def _ranged(self, data: bytes, headers: dict[str, str]) -> Reply:
        found = _RANGE.fullmatch(self.headers.get("Range", ""))
        if found is None:
            return lambda: self._send(200, data, headers)
        first, last = int(found[1]), min(int(found[2] or len(data) - 1), len(data) - 1)
        headers = headers | {"Content-Range": f"bytes {first}-{last}/{len(data)}"}
        return lambda: self._send(206, data[first : last + 1], headers)


_ID = r"([\w.-]+/[\w.-]+)"
_REVISION = r"(refs/pr/\d+|[^/]+)"
ROUTES = [
    (method, re.compile(pattern), name)
    for method, pattern, name in (
        ("GET", "/api/whoami-v2", "whoami"),
        ("POST", "/api/repos/create", "create"),
        ("POST", "/api/validate-yaml", "validate"),
        ("GET", "/api/datasets", "list"),
        ("GET", f"/api/datasets/{_ID}", "info"),
        ("GET", f"/api/datasets/{_ID}/revision/{_REVISION}", "info"),
        ("GET", f"/api/datasets/{_ID}/refs", "refs"),
        ("GET", f"/api/datasets/{_ID}/tree/{_REVISION}(?:/(.*))?", "tree"),
        ("POST", f"/api/datasets/{_ID}/paths-info/{_REVISION}", "paths_info"),
        ("POST", f"/api/datasets/{_ID}/preupload/{_REVISION}", "preupload"),
        ("POST", f"/datasets/{_ID}.git/info/lfs/objects/batch", "lfs_batch"),
        ("POST", f"/datasets/{_ID}/lfs/verify", "verify"),
        ("PUT", "/storage/([0-9a-f]{64})", "store"),
        ("GET HEAD", "/storage/([0-9a-f]{64})", "fetch"),
        ("POST", f"/api/datasets/{_ID}/commit/{_REVISION}", "commit"),
        ("POST", f"/api/datasets/{_ID}/tag/{_REVISION}", "tag"),
        ("POST", f"/api/datasets/{_ID}/branch/(.+)", "branch"),
        ("GET HEAD", f"/datasets/{_ID}/resolve/{_REVISION}/(.+)", "resolve"),
        ("GET", f"/api/models/{_ID}", "info"),
        ("GET", f"/api/models/{_ID}/revision/{_REVISION}", "info"),
        ("GET", f"/api/models/{_ID}/tree/{_REVISION}(?:/(.*))?", "tree"),
        ("GET HEAD", f"/{_ID}/resolve/{_REVISION}/(.+)", "resolve"),
    )
]
