"""Starts `app.py` as a Space does: in a folder with what `deploy` uploads, with the variables that the Hub sets."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from exbert_hub import deploy

SPACE = "someone/exbert"


def lay_out(folder: Path) -> dict[str, object]:
    """Files of the Space; returns what its card says."""
    deploy.stage(folder, deploy.merge_card(None, SPACE, None, None))
    return yaml.safe_load((folder / "README.md").read_text().split("---\n")[1])


@contextmanager
def started(python: Path | str, folder: Path, within: float, **variables: str) -> Iterator[str]:
    """The address of the page.

    :param within: seconds until the page must be there.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("EXBERT_", "PYTHON"))}
    environment = inherited | {
        "SPACE_ID": SPACE,
        "SPACE_HOST": "someone-exbert.hf.space",
        "SYSTEM": "spaces",
        "GRADIO_SERVER_NAME": "0.0.0.0",
        "GRADIO_SERVER_PORT": str(port),
        "HF_HUB_OFFLINE": "1",
    }
    log = folder.parent / "space.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(python), "app.py"], cwd=folder, env=environment | variables, stdout=out, stderr=subprocess.STDOUT
        )
    url = f"http://127.0.0.1:{port}/"
    try:
        deadline = time.monotonic() + within
        while not _answers(url):
            said = log.read_text(errors="replace")[-3000:]
            assert process.poll() is None, f"app.py ended:\n{said}"
            assert time.monotonic() < deadline, f"no page after {within} s:\n{said}"
            time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}config", timeout=5):
            return True
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False
