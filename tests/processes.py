"""Processes of their own that cost no imports: forks of one that has imported everything once, for the whole session.

Such a process has its own memory, environment, folder and streams, and dies of a signal as any other. What libraries
read from the environment when they are imported, they read again in the fork (`_read_environment`). That the package
works where nothing is imported yet is shown by the tests that start `hf-exbert` itself.
"""

from __future__ import annotations

import multiprocessing.connection
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.imported"])


class Fork:
    """A process that runs a function, with the part of `subprocess.Popen` that tests need; its streams are text.

    :param function: of a module, called with `arguments`; what it returns is what the process exits with.
    :param log: where stdout and stderr go, instead of into pipes.
    """

    def __init__(
        self,
        function: Callable[..., int | None],
        arguments: Sequence[Any] = (),
        *,
        environment: Mapping[str, str],
        folder: Path,
        log: Path | None = None,
    ) -> None:
        (stdin, to_stdin), (from_stdout, stdout), (from_stderr, stderr) = (_FORKS.Pipe(duplex=False) for _ in "012")
        if log is not None:
            stdout.close(), stderr.close()
            stdout, stderr = (Connection(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)) for _ in "12")
        streams = (stdin, stdout, stderr)
        self._process = _FORKS.Process(target=_run, args=(function, arguments, dict(environment), folder, streams))
        self._process.start()
        for end in streams:
            end.close()
        self.stdin = _opened(to_stdin, "w")
        self.stdout, self.stderr = _opened(from_stdout, "r"), _opened(from_stderr, "r")

    @property
    def pid(self) -> int:
        return self._process.pid  # type: ignore[return-value]

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("a fork", timeout or 0)
        return self._process.exitcode

    def communicate(self, given: str = "", timeout: float | None = None) -> tuple[str, str]:
        """Write to stdin, read stdout and stderr to their ends, wait."""
        with self.stdin:
            self.stdin.write(given)
        threads = ThreadPoolExecutor(2)
        out, err = (threads.submit(stream.read) for stream in (self.stdout, self.stderr))
        try:
            told = out.result(timeout), err.result(timeout)
            self.wait(timeout)
        except TimeoutError:
            self.kill()
            raise
        finally:
            threads.shutdown(wait=False)
        return told

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def kill_after(self, seconds: float) -> None:
        """Unless it has ended by then."""
        if multiprocessing.connection.wait([self._process.sentinel], seconds) == []:
            self.kill()


def run_command(*arguments: str) -> int | None:
    """`hf-exbert ARGUMENTS`."""
    import sys

    from exbert_hub.cli import main

    sys.argv = ["hf-exbert", *arguments]
    return main()


def run_script(script: str, *arguments: str) -> None:
    """`python -c SCRIPT ARGUMENTS`."""
    import sys

    sys.argv = ["-c", *arguments]
    exec(compile(script, "<script>", "exec"), {"__name__": "__main__"})


def serve_page(port: int, *what: str) -> None:
    """`launch`, with what it logs."""
    import logging

    import exbert_hub

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    exbert_hub.launch(*what, server_port=port, quiet=True)


def _opened(end: Connection, mode: str) -> IO[str]:
    with end:
        return open(os.dup(end.fileno()), mode, encoding="utf-8")


def _run(
    function: Callable[..., int | None],
    arguments: Sequence[Any],
    environment: dict[str, str],
    folder: Path,
    streams: Sequence[Connection],
) -> None:
    import sys

    for number, end in enumerate(streams):
        with end:
            os.dup2(end.fileno(), number)
    sys.stdin = open(0, encoding="utf-8", closefd=False)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    _read_environment()
    raise SystemExit(function(*arguments))


def _read_environment() -> None:
    """Everything that the Hub's libraries read from the environment at import: they all look there when they need it,
    but for the functions of `HfApi`, which belong to an object that has read it once."""
    import importlib

    import datasets.config
    from huggingface_hub import constants, hf_api

    importlib.reload(constants)
    importlib.reload(datasets.config)
    hf_api.api.endpoint = constants.ENDPOINT
