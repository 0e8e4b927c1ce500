"""What every subcommand offers, and completion in the shell."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from functools import partial
from pathlib import Path

import pytest
import typer

from exbert_hub import demo
from exbert_hub.cli import app

COMMANDS = typer.main.get_command(app).commands
PROGRAM = Path(sys.executable).with_name("hf-exbert")


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_subcommand_has_an_example_json_and_quiet(name):
    command = COMMANDS[name]
    assert command.epilog.startswith(f"Example:  hf-exbert {name}"), "an example that begins with the command"
    options = {option for parameter in command.params for option in parameter.opts}
    assert {"--json", "--quiet"} <= options
    assert all(parameter.help for parameter in command.params)


def test_the_subcommands_are_those_of_the_docs():
    page = (Path(__file__).parents[2] / "docs/plugin.md").read_text()
    assert [name for name in COMMANDS if f"`{name}`" not in page] == []


def complete(words: str) -> list[str]:
    environment = os.environ | {
        "_HF_EXBERT_COMPLETE": "complete_bash",
        "COMP_WORDS": f"hf-exbert {words}",
        "COMP_CWORD": str(len(words.split(" "))),
    }
    return subprocess.run([PROGRAM], env=environment, capture_output=True, text=True).stdout.split()


def test_the_shell_completes_subcommands_options_and_choices():
    assert complete("de") == ["deploy"]
    assert complete("search --exc") == ["--exclude-query"]
    assert complete("search --by h") == ["heads"]
    script = subprocess.run(
        [PROGRAM], env=os.environ | {"_HF_EXBERT_COMPLETE": "source_bash"}, capture_output=True, text=True
    ).stdout
    assert "complete -o default -F _hf_exbert_completion hf-exbert" in script


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found = probe.getsockname()[1]
    return found


def test_launch_tells_where_it_is_and_ends_on_control_c(port):
    command = [PROGRAM, "launch", demo.MODEL, "--port", str(port), "--json", "--mcp", "--quiet"]
    # a shell lets what it runs in the background ignore Ctrl-C, and whoever runs the tests there hands that on
    heeds = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, preexec_fn=heeds)
    try:
        told = json.loads(process.stdout.readline() or process.stderr.read())
        url = f"http://127.0.0.1:{port}/"
        assert told == {"url": url, "mcp": f"{url}gradio_api/mcp/"}
        assert urllib.request.urlopen(url).status == 200
    finally:
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
    assert process.returncode == 0 and "Traceback" not in err
