"""Runs what the pages show, block by block, and compares what they say comes out.

- `python`: the blocks of a page share one namespace. Blocks with `>>>` are doctests: what they print is compared.
- `bash`: commands. `hf-exbert` runs in this process (a process each would import torch a hundred times), everything
  else in a shell; an exit code other than 0 fails.
- `console`: lines that begin with `$ ` are commands as in `bash`; what follows is compared with their stdout.
- `tsv NAME`: the file NAME is written.

A line `…` in shown output stands for any lines, white space is compared as one blank. The pages name a model of the
Hub; what is run instead:
"""

from __future__ import annotations

import contextlib
import doctest
import io
import logging
import shlex
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import mock

from exbert_hub import demo

from .pages import Block

SUBSTITUTES = {"bert-base-uncased": str(demo.MODEL)}
"""In place of a model of the Hub the embedded one, which has as many heads in each of its 6 layers."""
PAGE = "http://127.0.0.1:7860"
"""The address that pages show; a free port takes its place."""
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
_SECONDS = 300  # of one command in a shell


class Session:
    """One page of the documentation, run from top to bottom in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: dict[str, Any] = {"__name__": "__main__"}
        self.address = PAGE  # of the latest page that was launched

    def run(self, block: Block) -> None:
        source = block.source.replace(PAGE, self.address)
        for shown, run in SUBSTITUTES.items():
            source = source.replace(shown, run)
        with contextlib.chdir(self.folder), _pages_that_do_not_block():
            if block.language == "tsv":
                Path(block.title).write_text(source, encoding="utf-8")
            elif block.language == "python":
                self._python(source, block)
            else:
                for command, expected in _commands(source, prompt=block.language == "console"):
                    printed = self._command(command, block)
                    if expected is not None:
                        _compare(expected, printed, f"{block}: {command}")

    def _python(self, source: str, block: Block) -> None:
        if ">>> " not in source:
            exec(compile(source, str(block), "exec"), self.names)
            return
        examples = doctest.DocTestParser().get_doctest(_elided(source), {}, str(block), block.page, block.line)
        examples.globs = self.names
        told = io.StringIO()
        runner = doctest.DocTestRunner(optionflags=OPTIONS, verbose=False)
        runner.run(examples, out=told.write, clear_globs=False)
        assert not runner.failures, told.getvalue()

    def _command(self, command: str, block: Block) -> str:
        """What a command writes to stdout."""
        words = shlex.split(command, comments=True)
        if words[:1] != ["hf-exbert"]:
            done = subprocess.run(["bash", "-ec", command], capture_output=True, text=True, timeout=_SECONDS)
            assert done.returncode == 0, f"{block}: {command}\n{done.stderr}"
            return done.stdout
        if words[1] == "launch" and "--port" not in words:
            port = str(_free_port())
            self.address = f"http://127.0.0.1:{port}"
            words += ["--port", port]
        return _hf_exbert(words, f"{block}: {command}")


def _hf_exbert(words: list[str], where: str) -> str:
    """The command line, in this process."""
    from exbert_hub.cli import main

    out, err = io.StringIO(), io.StringIO()
    logger = logging.getLogger("exbert_hub")
    before, level = list(logger.handlers), logger.level
    try:
        with mock.patch.object(sys, "argv", words), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code: Any = main()
    except SystemExit as end:
        code = end.code
    finally:
        logger.handlers[:], logger.level = before, level
    assert not code, f"{where}\nexit code {code}\n{err.getvalue()}"
    return out.getvalue()


@contextlib.contextmanager
def _pages_that_do_not_block() -> Any:
    """`launch` waits for Ctrl-C in a script, and in the shell; here the page only has to come up."""
    import gradio

    with mock.patch.object(gradio.Blocks, "block_thread", lambda blocks: None):
        yield


def _commands(source: str, prompt: bool) -> list[tuple[str, str | None]]:
    """Commands with what they are said to print; None where nothing is said."""
    commands: list[tuple[str, str | None]] = []
    shown: list[str] = []
    pending = ""
    for line in source.splitlines():
        if pending:
            command = f"{pending}{line}"
        elif prompt and not line.startswith("$ "):
            shown.append(line)
            continue
        else:
            if commands and prompt:
                commands[-1] = commands[-1][0], "\n".join(shown)
            shown = []
            command = line.removeprefix("$ ") if prompt else line
        if command.rstrip().endswith("\\"):
            pending = command.rstrip()[:-1]
            continue
        pending = ""
        if command.strip() and not command.lstrip().startswith("#"):
            commands.append((command, None))
    if commands and prompt:
        commands[-1] = commands[-1][0], "\n".join(shown)
    return commands


def _compare(shown: str, printed: str, where: str) -> None:
    want = _elided(shown.strip() + "\n")
    assert doctest.OutputChecker().check_output(want, printed, OPTIONS), (
        f"{where}\nshown:\n{shown}\nprinted:\n{printed}"
    )


def _elided(text: str) -> str:
    """With `...` for lines that are left out, as doctest reads it."""
    return "\n".join("..." if line.strip() == "…" else line for line in text.splitlines()) + "\n"


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
