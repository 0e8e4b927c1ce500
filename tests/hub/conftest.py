"""Clients run in processes of their own: huggingface_hub reads its environment once, when it is imported.

They are forks of one that has everything imported (`tests/processes.py`); `Client.program` starts the true command.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from exbert_hub import demo
from exbert_hub.corpus import open_corpus, write_corpus
from exbert_hub.index import CorpusIndex
from exbert_hub.index.format.manifest import Manifest
from exbert_hub.index.hub.card import render
from exbert_hub.model import Inspector

from ..processes import Fork, run_command, run_script
from .repos import Blob, Repo
from .server import HubServer

LAYERS = ("emb", 0, 5)


@dataclass
class Done:
    """What came of a client."""

    code: int
    out: str
    err: str

    @property
    def value(self):
        """What the script printed last, as JSON."""
        assert self.code == 0, self.err
        return json.loads(self.out.splitlines()[-1])

    @property
    def error(self) -> str:
        """The last line of a failure."""
        assert self.code != 0, self.out
        return self.err.strip().splitlines()[-1]


@dataclass
class Client:
    """A machine of its own: home, cache and token."""

    home: Path
    endpoint: str
    token: str | None = "hf_alice"
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        mine = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "EXBERT_"))}
        token = {"HF_TOKEN": self.token} if self.token else {}
        return mine | token | {
            "HF_ENDPOINT": self.endpoint,
            "HF_HOME": str(self.home / "hf"),
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "OMP_NUM_THREADS": "1",
        } | self.settings  # fmt: skip

    def start(self, *arguments: object) -> Fork:
        """Start `hf-exbert`."""
        return Fork(run_command, tuple(map(str, arguments)), environment=self.environment, folder=self.home)

    def command(self, *arguments: object) -> Done:
        """Run `hf-exbert`."""
        return finish(self.start(*arguments))

    def program(self, *arguments: object, timeout: float = 120) -> Done:
        """Run `hf-exbert` as a shell would."""
        command = [sys.executable, "-m", "exbert_hub", *map(str, arguments)]
        done = subprocess.run(
            command, env=self.environment, cwd=self.home, capture_output=True, text=True, timeout=timeout
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def python(self, script: str, *arguments: object) -> Done:
        """Run a script; `args` are its arguments, `show` prints its result."""
        return finish(self.begin(script, *arguments))

    def begin(self, script: str, *arguments: object) -> Fork:
        """Start a script that the test talks to."""
        arguments = (PRELUDE + script, *map(str, arguments))
        return Fork(run_script, arguments, environment=self.environment, folder=self.home)

    @property
    def offline(self) -> "Client":
        return replace(self, settings=self.settings | {"HF_HUB_OFFLINE": "1"})

    def push(self, folder: Path, repo: str, *options: str) -> Done:
        return self.command("push", folder, repo, "--license", "cc0-1.0", "--json", *options)

    def cached(self) -> set[str]:
        """Files of repositories that are in the cache, each whole."""
        root = self.home / "hf" / "hub"
        return {
            path.relative_to(next(p for p in path.parents if p.parent.name == "snapshots")).as_posix()
            for path in root.glob("datasets--*/snapshots/**/*")
            if path.is_file()
        }

    def half_written(self) -> list[Path]:
        return list((self.home / "hf").rglob("*.incomplete"))


def finish(process: Fork) -> Done:
    out, err = process.communicate(timeout=120)
    return Done(process.returncode, out, err)


PRELUDE = """
import json, logging, sys
logging.basicConfig(level=logging.INFO, format="%(message)s")
args = sys.argv[1:]
show = lambda value: print(json.dumps(value))
"""


@pytest.fixture
def server():
    server = HubServer()
    yield server
    server.close()


@pytest.fixture
def client(server, tmp_path):
    """Makes machines: `client("reader", token=None)`."""

    def make(name: str, **options) -> Client:
        home = tmp_path / name
        home.mkdir(exist_ok=True)
        return Client(home, server.endpoint, **options)

    return make


@pytest.fixture(scope="session")
def inspector() -> Inspector:
    return Inspector.from_pretrained(demo.MODEL, local_files_only=True)


def build(inspector, folder, first: int, count: int) -> Path:
    sentences = [sentence for sentence in open_corpus(demo.CORPUS) if 4 < len(sentence.words) < 30]
    info = open_corpus(demo.CORPUS).described(name="tales", license="", source="/home/alice/tales.txt").info
    corpus = write_corpus(info, sentences[first : first + count], folder / "corpus")
    CorpusIndex.build(
        inspector, corpus, folder / "index", layers=LAYERS, shard_pieces=300, progress=lambda done, total: None
    )
    return folder / "index"


@pytest.fixture(scope="session")
def folder(tmp_path_factory, inspector) -> Path:
    """An index whose corpus names no licence."""
    return build(inspector, tmp_path_factory.mktemp("index"), 0, 30)


@pytest.fixture(scope="session")
def other_folder(tmp_path_factory, inspector) -> Path:
    """Another text by the same model: other vectors under the same names, and fewer parts."""
    return build(inspector, tmp_path_factory.mktemp("other"), 100, 12)


def share(server: HubServer, repo_id: str, folder: Path, **options) -> Repo:
    """Put a finished index on the Hub without a client."""
    manifest = Manifest.load(folder)
    files = {name: Blob((folder / name).read_bytes(), True) for name in manifest.files}
    card = render(repo_id, replace(manifest, corpus=replace(manifest.corpus, license="mit")))
    files |= {"README.md": Blob(card.encode(), False), "exbert.json": Blob(manifest.to_json().encode(), False)}
    repo = server.hub.repos.setdefault(repo_id, Repo(repo_id, **options))
    server.hub.large |= {blob.sha256: blob.data for blob in files.values() if blob.large}
    commit = repo.commit("main", "index", repo.at("main").files | files)
    repo.tags[f"index-{len(repo.tags) + 1}"] = commit.oid
    return repo


def share_model(server: HubServer, repo_id: str, folder: Path, **options) -> Repo:
    """Put a saved model on the Hub."""
    files = {path.name: Blob(path.read_bytes(), path.suffix == ".safetensors") for path in sorted(folder.iterdir())}
    repo = server.hub.repos.setdefault(repo_id, Repo(repo_id, **options))
    server.hub.large |= {blob.sha256: blob.data for blob in files.values() if blob.large}
    repo.commit("main", "model", files)
    return repo


OPEN = """
from exbert_hub.index import CorpusIndex
options = json.loads(args[1] if len(args) > 1 else "{}")
index = CorpusIndex.from_pretrained(args[0], **options)
show({"revision": index.revision, "pieces": len(index), "layers": index.tokens.list_indexes()})
"""

FIND = """
from dataclasses import asdict
from pathlib import Path
from exbert_hub.index.hub.discovery import find_index
from exbert_hub.index.format.manifest import Manifest
facts = Manifest.load(Path(args[0])).model
offer = find_index(facts, trusted=args[1:])
show(offer and [offer.index.repo_id, offer.commit, offer.trusted, list(offer.others), str(offer)])
"""
