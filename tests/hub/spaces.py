"""The loopback Hub, with Spaces: repositories like the others, that have variables and hardware besides."""

from __future__ import annotations

import json
import re

import yaml

from .repos import Blob, Refusal, Repo
from .server import HubHandler, HubServer
from .wire import Reply, WireServer

_FIRST_CARD = b"---\ntitle: New\nsdk: gradio\nsdk_version: 6.0.0\napp_file: app.py\n---\n"
_EXTRA = re.compile(r"/api/spaces/([\w.-]+/[\w.-]+)/(variables|hardware)")


class SpaceHandler(HubHandler):
    """Everything else about a Space is answered as it is for a dataset."""

    server_state: SpaceServer

    def route(self, path: str) -> Reply:
        if found := _EXTRA.fullmatch(path):
            with self.hub.lock:
                return self._extra(*found.groups())
        return super().route(re.sub(r"^(/api)?/spaces/", r"\1/datasets/", path))

    def validate(self) -> Reply:
        sdk = yaml.safe_load(json.loads(self.body)["content"].split("---\n")[1])["sdk"]
        errors = [] if sdk == "gradio" else [{"message": f'"sdk" must be gradio, not {sdk!r}'}]
        return self._json({"errors": errors, "warnings": []})

    def create(self) -> Reply:
        wanted = json.loads(self.body)
        repo_id = f"{wanted.get('organization') or self.hub.user_of(self.token)}/{wanted['name']}"
        told = {"url": f"{self.server_state.endpoint}/spaces/{repo_id}"}
        try:
            super().create()
        except Refusal as refusal:
            if refusal.status != 409:
                raise
            answer = json.dumps(told | {"error": refusal.message}).encode()
            return lambda: self._send(409, answer, {})
        self.hub.repos[repo_id].commit("main", "initial commit", {"README.md": Blob(_FIRST_CARD, False)})
        return self._json(told)

    def _extra(self, repo_id: str, what: str) -> Reply:
        self.hub.writable(repo_id, self.token)
        if what == "hardware":
            self.server_state.hardware[repo_id] = json.loads(self.body)["flavor"]
            stage = {"stage": "BUILDING", "hardware": {"current": None, "requested": "t4-small"}, "storage": None}
            return self._json(stage | {"gcTimeout": None})
        there = self.server_state.variables.setdefault(repo_id, {})
        if self.command == "POST":
            wanted = json.loads(self.body)
            there[wanted["key"]] = wanted["value"]
        return self._json({name: {"value": value} for name, value in there.items()})


class SpaceServer(HubServer):
    """Look at `variables` and `hardware` too."""

    def __init__(self) -> None:
        super().__init__()
        self.close()
        self.variables: dict[str, dict[str, str]] = {}
        self.hardware: dict[str, str] = {}
        WireServer.__init__(self, SpaceHandler)


def other_space(server: SpaceServer, repo_id: str, card: bytes = _FIRST_CARD) -> Repo:
    """A Space that somebody made for something else."""
    repo = server.hub.repos.setdefault(repo_id, Repo(repo_id))
    repo.commit("main", "their app", {"README.md": Blob(card, False), "app.py": Blob(b"print('mine')\n", False)})
    return repo
