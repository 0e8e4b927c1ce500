"""A real browser on real servers. Every visit also checks that no request leaves the machine, no error is logged."""

from __future__ import annotations

import os
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from exbert_hub import demo

from ..processes import Fork, serve_page
from .steps import WIDE

# the first that is there: the shell is Chromium without the windows, menus and start pages that nobody sees here
BROWSERS = ("/usr/bin/chromium-headless-shell", "/usr/bin/chromium")
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

Serve = Callable[..., str]
Visit = Callable[..., Any]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.ui)


@pytest.fixture(scope="package")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Starts a page in a process of its own and returns its address; the same model and index share one."""
    running: dict[tuple[str, ...], tuple[Fork, str]] = {}
    logs = tmp_path_factory.mktemp("logs")

    def start(*what: str | os.PathLike[str]) -> str:
        key = tuple(map(str, what))
        if key not in running:
            running[key] = start_page(key, os.environ, ROOT, logs / f"{len(running)}.log")
        return running[key][1]

    yield start
    for process, _ in running.values():
        process.terminate()
        process.wait(30)


def start_page(what: tuple[str, ...], environment: Mapping[str, str], folder: Path, log: Path) -> tuple[Fork, str]:
    port = free_port()
    process = Fork(serve_page, (port, *what), environment=environment, folder=folder, log=log)
    wait_for(f"http://127.0.0.1:{port}", process, log)
    return process, f"http://127.0.0.1:{port}"


def wait_for(url: str, process: Fork, log: Path) -> None:
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


@pytest.fixture(scope="package")
def index_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small index: the first sentences of the demo's corpus, seen by the embedded model."""
    from exbert_hub import CorpusIndex
    from exbert_hub.corpus import open_corpus

    folder = tmp_path_factory.mktemp("index") / "small"
    CorpusIndex.build(demo.MODEL, open_corpus(demo.CORPUS), folder, limit=500, progress=lambda done, total: None)
    return folder


@pytest.fixture(scope="package")
def site(serve: Serve, index_folder: Path) -> str:
    return serve(demo.MODEL, index_folder)


@pytest.fixture(scope="package")
def bare_site(serve: Serve) -> str:
    """The page without an index."""
    return serve(demo.MODEL)


@pytest.fixture
def page_of(tmp_path: Path) -> Iterator[Callable[..., tuple[str, Path]]]:
    """Starts the page on a machine of its own (`client` of tests/hub): returns its address and its log."""
    running = []

    def start(client: Any, *what: str | os.PathLike[str]) -> tuple[str, Path]:
        log = tmp_path / f"page-{len(running)}.log"
        shown = tuple(map(str, what or (demo.MODEL,)))
        process, address = start_page(shown, client.environment, client.home, log)
        running.append(process)
        return address, log

    yield start
    for process in running:
        process.terminate()
        process.wait(30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    browser = next((path for path in BROWSERS if Path(path).exists()), None)
    if browser is None:
        pytest.fail("The browser tests need Chromium: sudo apt-get install chromium-headless-shell")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=browser, args=ARGS)
        yield launched
        launched.close()


@pytest.fixture(scope="package")
def profile(chromium: Any) -> Iterator[Any]:
    """The browser profile of whoever comes first in a test: what the page loads is in its cache."""
    context = chromium.new_context(reduced_motion="reduce")
    yield context
    context.close()


@pytest.fixture(scope="module")
def tab(profile: Any) -> Iterator[Any]:
    """The page that the tests of a file use one after the other."""
    page = profile.new_page()
    yield page
    page.close()


@pytest.fixture
def visit(chromium: Any, profile: Any, tab: Any) -> Iterator[Visit]:
    """Opens a page and waits until the figure is drawn: first the tab of the file, then, and where `fresh` is asked
    for, a browser profile of its own, as another visitor has it."""
    contexts: list[Any] = []
    complaints: list[str] = []
    listeners = {
        "console": lambda m: complaints.append(f"console: {m.text}") if m.type == "error" else None,
        "pageerror": lambda error: complaints.append(f"uncaught: {error}"),
        "request": lambda request: complaints.extend(_strangers(request.url)),
    }
    visited = False

    def someone(fresh: bool) -> Any:
        nonlocal visited
        if visited or fresh:
            contexts.append(chromium.new_context(reduced_motion="reduce"))
            page = contexts[-1].new_page()
        else:
            visited, page = True, tab
        for event, listener in listeners.items():
            page.on(event, listener)
        return page

    def go(
        site: str,
        *,
        theme: str = "light",
        size: tuple[int, int] = WIDE,
        page: Any = None,
        fresh: bool = False,
        **state: Any,
    ) -> Any:
        """:param page: to load it there, instead of as another visitor."""
        page = page or someone(fresh)
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.goto(f"{site}/?{urlencode({'__theme': theme} | state)}")
        page.wait_for_selector("[data-drawn]")
        return page

    yield go
    for context in contexts:
        context.close()
    if visited:
        for event, listener in listeners.items():
            tab.remove_listener(event, listener)
        tab.unroute_all(behavior="ignoreErrors")
        profile.clear_permissions()
        tab.evaluate("localStorage.clear(), sessionStorage.clear()")
        tab.goto("about:blank")
        tab.mouse.move(0, 0)
    assert not complaints


def _strangers(url: str) -> list[str]:
    parts = urlsplit(url)
    at_home = parts.scheme in ("data", "blob") or parts.hostname == "127.0.0.1"
    return [] if at_home else [f"request: {url}"]
