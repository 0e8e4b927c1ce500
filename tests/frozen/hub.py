"""The commands that speak with the Hub, against the loopback one of `tests/hub`.

All of them run in one process of their own: huggingface_hub reads the address of the Hub once, when it is imported.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from ..hub.spaces import SpaceServer
from .commands import told
from .files import names
from .stored import FROZEN, Ran

REPO = "alice/frozen"
_COMMIT = re.compile(r"\b[0-9a-f]{40}\b")
_ROOT = Path(__file__).parents[2]
_RUN_ALL = """
import json, sys
from tests.frozen.stored import run
print(json.dumps([run(line) for line in json.loads(sys.argv[1])]))
"""

LINES: dict[str, tuple[str, ...]] = {
    "push": ("push", "fp16", REPO, "--public"),
    "push again": ("push", "fp16", REPO, "--message", "the same"),
    "push as a pull request": ("push", "sq8", REPO, "--create-pr"),
    "push shards": ("push", "shards", "alice/shards"),
    "list": ("list",),
    "list of a model": ("list", "model"),
    "list of another language": ("list", "model", "--language", "de"),
    "info": ("info", REPO),
    "info of no repository": ("info", "alice/nothing"),
    "heads": ("heads", REPO, "--label", "det", "-k", "2"),
    "pull a layer": ("pull", REPO, "--layers", "2"),
    "pull into a folder": ("pull", REPO, "-o", "{out}/pulled"),
    "pull no such layer": ("pull", REPO, "--layers", "7"),
    "annotate what lies in a cache": ("annotate", REPO, "moods.tsv"),
    "deploy": ("deploy", "alice/exbert", "--model", "alice/model", "--index", REPO, "--hardware", "t4-small", "--mcp"),
}


def hub_answers() -> dict[str, Any]:
    """Exit code and JSON of each, in this order."""
    server = SpaceServer()
    try:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder).resolve()
            runs = _run_all(server.endpoint, out)
            answers = {
                name: _settled(told(ran, lambda value: value, str(out)), server.endpoint)
                for name, ran in zip(LINES, runs, strict=True)
            }
            pulled = out / "pulled"
            same = [name for name in names(FROZEN / "fp16") if _same(pulled / name, FROZEN / "fp16" / name)]
            answers["pulled"] = {"files": names(pulled), "as they were pushed": same}
    finally:
        server.close()
    card = server.hub.repos[REPO].card
    return answers | {"card": card}


def _run_all(endpoint: str, out: Path) -> list[Ran]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "EXBERT_"))} | {
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(out / "home"),
        "HF_TOKEN": "hf_alice",
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "PYTHONPATH": os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")]),
    }
    lines = [[*(part.replace("{out}", str(out)) for part in line), "--json"] for line in LINES.values()]
    command = [sys.executable, "-c", _RUN_ALL, json.dumps(lines)]
    done = subprocess.run(command, env=environment, cwd=FROZEN, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return [Ran(*one) for one in json.loads(done.stdout.splitlines()[-1])]


def _settled(answer: dict[str, Any], endpoint: str) -> dict[str, Any]:
    text = json.dumps(answer).replace(endpoint, "{hub}")
    settled = json.loads(_COMMIT.sub("{commit}", text))
    for one in settled["value"] if isinstance(settled.get("value"), list) else []:
        one["modified"] = "{date}"
    return settled


def _same(one: Path, other: Path) -> bool:
    return one.is_file() and one.read_bytes() == other.read_bytes()
