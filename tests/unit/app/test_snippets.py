"""Code that the page hands out finds what the page found: it is run, and the matches are compared."""

import contextlib
import io
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from exbert_hub import demo
from exbert_hub.app.wire.requests import TokenQuery, by_layer
from exbert_hub.app.wire.snippets import as_command, as_python
from exbert_hub.cli import main

SENTENCE = "The girl ran to a local pub to escape the din of her city."
NASTY = """-rf "She" can't $HOME `id` \\n; & | escape
<b>{x!r}</b> # 🦉 '''quotes''' %s *"""


def query(text=SENTENCE, token=10, by="embedding", layer=2, **asked):
    return TokenQuery(text=text, token=token, by=by, layer=layer, **asked)


QUERIES = {
    "plain": query(),
    "masked": query(mask=(10,)),
    "others masked": query(mask=(3, 5)),
    "input embeddings": query(layer="emb"),
    "some heads": query(by="heads", layer=5, heads=(9, 6)),
    "all heads": query(by="heads", layer=1, heads=tuple(range(12))),
    "heads of the max-attention token": query(heads=(8,)),
    "pair": query(text_pair="-- Run, she said.", mask=(10, 18), token=18),
    "silenced heads": query(mask=(10,), ablate=((1, 8), (2, 0), (2, 3))),
    "nasty": query(text=NASTY, text_pair=NASTY, mask=(5,), token=5),
}


OPTIONS = ({}, {"k": 7, "exclude_query": False, "unique_sentences": False})
# every query and every choice of options, by turns
BY_TURNS = [(name, OPTIONS[number % 2]) for number, name in enumerate(QUERIES)]
OTHERWISE = [(name, OPTIONS[1 - number % 2]) for number, name in enumerate(QUERIES)]


def on_the_page(inspector, index, asked):
    seen = inspector.inspect(asked.text, asked.text_pair or None, mask=asked.mask, ablate=by_layer(asked.ablate))
    heads = list(asked.heads) or None
    return index.search(seen, asked.token, by=asked.by, layer=asked.layer, heads=heads, **asked.options)


def told(matches):
    return json.loads(json.dumps(matches.to_dict()))


@pytest.mark.parametrize(("name", "options"), BY_TURNS)
def test_python_finds_the_same(inspector, index, name, options):
    asked = QUERIES[name].model_copy(update=options)
    code = as_python(inspector.model_info, index, asked)
    names = {}
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        exec(compile(code, "snippet", "exec"), names)
    assert told(names["matches"]) == told(on_the_page(inspector, index, asked))
    assert "matches for" in shown.getvalue()


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """The arguments that a real shell makes of a command."""
    echo = tmp_path / "hf-exbert"
    echo.write_text(f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n")
    echo.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"

    def arguments(command):
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True, env={"PATH": path})
        return json.loads(done.stdout)

    return arguments


@pytest.mark.parametrize(("name", "options"), OTHERWISE)
def test_the_command_finds_the_same(inspector, index, name, options, shell, monkeypatch, capsys):
    asked = QUERIES[name].model_copy(update=options)
    verb, *arguments = shell(as_command(inspector.model_info, index, asked))
    monkeypatch.setattr(sys, "argv", ["hf-exbert", verb, "--json", *arguments])
    with contextlib.suppress(SystemExit):  # how typer ends; what was printed says whether it went well
        main()
    assert json.loads(capsys.readouterr().out) == told(on_the_page(inspector, index, asked))


def test_the_command_runs_as_it_stands(inspector, index):
    command = as_command(inspector.model_info, index, QUERIES["nasty"])
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, env=os.environ | {"PATH": path})
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("50 nearest to")


def test_the_demo_is_told_by_its_name(inspector, index, monkeypatch):
    monkeypatch.setattr(demo, "owns", lambda opened: opened is index)
    assert "inspector, index = demo.load()" in as_python(inspector.model_info, index, query())
    assert f"-- demo '{SENTENCE}'" in as_command(inspector.model_info, index, query())


def test_commits_are_pinned(inspector, index):
    class Shared:
        name_or_path, names, revision = "owner/name", ("owner/name",), "abc123"
        manifest = index.manifest

    code = as_python(inspector.model_info, Shared(), query())
    assert "CorpusIndex.from_pretrained('owner/name', revision='abc123')" in code
    command = as_command(inspector.model_info, Shared(), query())
    assert "--revision=abc123" in command and "-- owner/name" in command


def test_the_command_line_knows_the_demo(inspector, index, monkeypatch, capsys):
    monkeypatch.setattr(demo, "load", lambda progress=None, *, device=None: (inspector, index))
    monkeypatch.setattr(sys, "argv", ["hf-exbert", "search", "demo", SENTENCE, "--token", "escape", "-k", "3"])
    with contextlib.suppress(SystemExit):
        main()
    assert capsys.readouterr().out.startswith("3 nearest to 'escape'")


@pytest.mark.parametrize(("option", "flag"), [("unique_sentences", "--unique"), ("exclude_query", "--exclude-query")])
def test_the_command_leaves_out_what_the_page_left_out_and_nothing_else(inspector, index, option, flag):
    for wanted in (True, False):
        command = as_command(inspector.model_info, index, QUERIES["plain"].model_copy(update={option: wanted}))
        assert (flag in shlex.split(command)) is wanted
