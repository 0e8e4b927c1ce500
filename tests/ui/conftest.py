"""A real browser on real servers. Every visit also checks that no request leaves the machine, no error is logged."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from exbert_hub import demo

from ..hub.conftest import PRELUDE

CHROMIUM = "/usr/bin/chromium"
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
ROOT = Path(__file__).parents[2]
STARTS_WITHIN = 120  # seconds, on a busy machine

SERVE = """
import exbert_hub
exbert_hub.launch(*args[1:], server_port=int(args[0]), quiet=True)
"""

Serve = Callable[..., str]
Visit = Callable[..., Any]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.ui)


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Starts a page in a process of its own and returns its address; the same model and index share one."""
    running: dict[tuple[str, ...], tuple[subprocess.Popen[bytes], str]] = {}
    logs = tmp_path_factory.mktemp("logs")

    def start(*what: str | os.PathLike[str]) -> str:
        key = tuple(map(str, what))
        if key not in running:
            port = free_port()
            log = logs / f"{port}.log"
            with log.open("wb") as out:
                command = [sys.executable, "-m", "tests.ui.serve", str(port), *key]
                process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT)
            running[key] = process, f"http://127.0.0.1:{port}"
            wait_for(running[key][1], process, log)
        return running[key][1]

    yield start
    for process, _ in running.values():
        process.terminate()
        process.wait(30)


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"{url}/config", timeout=5).close()
            return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.2)
    pytest.fail(f"the page did not start:\n{log.read_text(errors='replace')[-3000:]}")


@pytest.fixture(scope="session")
def index_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small index: the first sentences of the demo's corpus, seen by the embedded model."""
    from exbert_hub import CorpusIndex
    from exbert_hub.corpus import open_corpus

    folder = tmp_path_factory.mktemp("index") / "small"
    CorpusIndex.build(demo.MODEL, open_corpus(demo.CORPUS), folder, limit=500, progress=lambda done, total: None)
    return folder


@pytest.fixture(scope="session")
def site(serve: Serve, index_folder: Path) -> str:
    return serve(demo.MODEL, index_folder)


@pytest.fixture(scope="session")
def bare_site(serve: Serve) -> str:
    """The page without an index."""
    return serve(demo.MODEL)


@pytest.fixture
def page_of(tmp_path: Path) -> Iterator[Callable[..., tuple[str, Path]]]:
    """Starts the page on a machine of its own (`client` of tests/hub): returns its address and its log."""
    running = []

    def start(client: Any, *what: str | os.PathLike[str]) -> tuple[str, Path]:
        port, log = free_port(), tmp_path / f"page-{len(running)}.log"
        command = [sys.executable, "-c", PRELUDE + SERVE, str(port), *map(str, what or (demo.MODEL,))]
        process = subprocess.Popen(command, env=client.environment, cwd=client.home, stderr=log.open("wb"))
        running.append(process)
        wait_for(f"http://127.0.0.1:{port}", process, log)
        return f"http://127.0.0.1:{port}", log

    yield start
    for process in running:
        process.terminate()
        process.wait(30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    if not Path(CHROMIUM).exists():
        pytest.fail("The browser tests need Chromium: sudo apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Any) -> Iterator[Visit]:
    """Opens a page in a fresh browser profile and waits until the figure is drawn."""
    contexts: list[Any] = []
    complaints: list[str] = []

    def listen(page: Any) -> None:
        page.on("console", lambda m: complaints.append(f"console: {m.text}") if m.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(f"uncaught: {error}"))
        page.on("request", lambda request: complaints.extend(_strangers(request.url)))

    def go(site: str, *, theme: str = "light", size: tuple[int, int] = (1440, 900), **state: Any) -> Any:
        context = chromium.new_context(viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce")
        contexts.append(context)
        page = context.new_page()
        listen(page)
        page.goto(f"{site}/?{urlencode({'__theme': theme} | state)}")
        page.wait_for_selector("[data-drawn]")
        return page

    yield go
    for context in contexts:
        context.close()
    assert not complaints


def _strangers(url: str) -> list[str]:
    parts = urlsplit(url)
    at_home = parts.scheme in ("data", "blob") or parts.hostname == "127.0.0.1"
    return [] if at_home else [f"request: {url}"]
