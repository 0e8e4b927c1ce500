"""Speed of the page in a real browser, and BertViz's `head_view` of the same sentences beside it.

Needs Chromium, and for the comparison BertViz (PyPI, extra `bench`) and npm, which brings the scripts that BertViz's
page takes from a CDN; nothing else leaves the machine.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exbert_hub import Inspector, demo

from . import bertviz_page
from .large import repeat_demo
from .measure import Row, at_least, at_most, figure, median

ROOT = Path(__file__).parent.parent
CHROMIUM = "/usr/bin/chromium"
ARGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
UNLOCKED = ["--disable-gpu-vsync", "--disable-frame-rate-limit"]  # a locked browser shows 60 frames a second at most
STARTS_WITHIN = 180  # seconds


@dataclass(frozen=True)
class Scale:
    """How much is measured."""

    sizes: tuple[int, ...]  # pieces
    corpus_pieces: int
    searches: int
    switches: int
    repeats: int


QUICK = Scale((24,), 5_000, 6, 30, 3)
FULL = Scale((24, 128, 512), 50_000, 24, 40, 3)


def quick() -> list[Row]:
    return _measure(QUICK)


def full() -> list[Row]:
    return _measure(FULL)


def _measure(scale: Scale) -> list[Row]:
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        inspector = Inspector.from_pretrained(demo.MODEL)
        index = folder / "index"
        repeat_demo(index, scale.corpus_pieces)
        deep = Inspector.from_pretrained(deep_model(folder / "deep"))
        texts = {size: text_of(inspector, size) for size in scale.sizes}
        with (
            serving(demo.MODEL, "--index", index) as url,
            serving(folder / "deep") as deep_url,
            sync_playwright() as playwright,
        ):
            rows = _page_rows(playwright, url, scale) + _switch_rows(playwright, url, texts, scale)
            return rows + _beside(playwright, deep_url, deep, texts, scale, folder)


# -- what is shown ----------------------------------------------------------------------------------------------------


def deep_model(folder: Path) -> Path:
    """A model of 12 layers and 12 heads with random weights and the demo's tokenizer: only its attention is drawn."""
    from transformers import AutoConfig, AutoModelForMaskedLM

    config = AutoConfig.from_pretrained(demo.MODEL, num_hidden_layers=12)
    AutoModelForMaskedLM.from_config(config).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(demo.MODEL / name, folder)
    return folder


def text_of(inspector: Inspector, pieces: int) -> str:
    """The start of the demo's first text, as long as it has at most so many pieces, special tokens counted."""
    words = (demo.FOLDER / "corpus" / "01-fairy-tale.txt").read_text("utf-8").split()
    count = next(n for n in range(1, len(words)) if len(inspector.tokenize(" ".join(words[:n])).pieces) > pieces)
    return " ".join(words[: count - 1])


@contextlib.contextmanager
def serving(*arguments: object) -> Iterator[str]:
    """The page in a process of its own, as a user starts it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "exbert_hub", "launch", *map(str, arguments), "--port", str(port), "--quiet"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        _await(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"{url}/config", timeout=5).close()
            return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.2)
    raise RuntimeError(f"the page did not start within {STARTS_WITHIN} s")


@contextlib.contextmanager
def browsing(playwright: Any, *flags: str) -> Iterator[Any]:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGS, *flags])
    try:
        yield browser
    finally:
        browser.close()


# -- what is measured -------------------------------------------------------------------------------------------------

_DRAWN = "#exb-view [data-drawn]"

# a new text, to the frame in which its attention is drawn
_ANALYSE = """(text) => new Promise((done) => {
  const mount = document.querySelector('#exb-view [data-drawn]');
  const before = mount.dataset.drawn, start = performance.now();
  exbert.bus.dispatchEvent(new CustomEvent('text', { detail: { text, pair: '' } }));
  const ready = () => !mount.hasAttribute('data-busy') && mount.dataset.drawn !== before
    && !mount.textContent.includes('Reading layer');
  const look = () => requestAnimationFrame(() => ready()
    ? requestAnimationFrame(() => done(performance.now() - start)) : look());
  look();
})"""

# another layer, or other heads, as soon as the last change is drawn: milliseconds between the frames
_SWITCH = """([what, count, layers]) => new Promise((done) => {
  const mount = document.querySelector('#exb-view [data-drawn]'), gaps = [];
  let last = 0, n = 0, drawn = Number(mount.dataset.drawn);
  const step = () => {
    if (Number(mount.dataset.drawn) > drawn) {
      drawn = Number(mount.dataset.drawn);
      const now = performance.now();
      if (last) gaps.push(now - last);
      last = now;
      n += 1;
      if (gaps.length === count) return done(gaps);
      exbert.store.set(what === 'layer' ? { layer: n % layers } : { heads: [n % 12, (n + 5) % 12] });
    }
    requestAnimationFrame(step);
  };
  // the slider too: a store that is told nothing new has nothing drawn
  const start = what === 'layer' ? { layer: 0, heads: null } : { layer: 2, heads: [0] };
  exbert.store.set({ ...start, top: exbert.store.values.top === 70 ? 71 : 70 });
  requestAnimationFrame(step);
})"""

_SEARCH = """(layer) => new Promise((done) => {
  const evidence = document.querySelector('#exb-evidence [data-received]') ?? document.querySelector('#exb-evidence');
  exbert.store.set({ layer });
  requestAnimationFrame(() => {
    const before = Number(evidence.dataset.received ?? 0), start = performance.now();
    [...document.querySelectorAll('button')].find((b) => b.textContent.trim() === 'Search corpus').click();
    const look = () => Number(evidence.dataset.received ?? 0) > before
      ? requestAnimationFrame(() => done(performance.now() - start)) : requestAnimationFrame(look);
    look();
  });
})"""


def _open(browser: Any, url: str) -> Any:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(120_000)
    page.goto(url)
    page.wait_for_selector(_DRAWN)
    return page


def _page_rows(playwright: Any, url: str, scale: Scale) -> list[Row]:
    with browsing(playwright) as browser:
        paints = [_first_paint(browser, url) for _ in range(scale.repeats + 1)][1:]  # the first one fills caches
        page = _open(browser, f"{url}?token=10")
        first = [page.evaluate(_SEARCH, layer) for layer in range(6)]
        later = [page.evaluate(_SEARCH, n % 6) for n in range(scale.searches)]
        assert page.locator(".exb-result").count() == 50
    size = f"{scale.corpus_pieces:,} pieces"
    return [
        at_most("first paint of the page", median(paints), 2000, "ms"),
        at_most(f"search event to 50 results drawn, {size}", median(later), 250, "ms"),
        figure("the same, first search of a layer", median(first), "ms"),
    ]


def _first_paint(browser: Any, url: str) -> float:
    page = _open(browser, url)
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    page.close()
    return float(paint)


def _switch_rows(playwright: Any, url: str, texts: dict[int, str], scale: Scale) -> list[Row]:
    rows = []
    with browsing(playwright, *UNLOCKED) as browser:
        for size, text in texts.items():
            page = _open(browser, url)
            page.evaluate(_ANALYSE, text)
            for layer in range(6):  # a long text brings a layer when it is first looked at
                page.evaluate("(layer) => exbert.store.set({ layer })", layer)
                page.wait_for_function(f"!document.querySelector('{_DRAWN}').textContent.includes('Reading layer')")
            for what in ("layer", "heads"):
                gaps = median(page.evaluate(_SWITCH, [what, scale.switches, 6]))
                name = f"{what} switch, {size} pieces, 6x12 heads"
                if size > 128:
                    rows.append(at_most(name, gaps, 150, "ms"))
                else:
                    note = f"{gaps.value:.1f} ms from frame to frame, without the screen's limit"
                    rows.append(at_least(name, 1000 / gaps.value, 60 if size <= 24 else 30, "frames/s", note=note))
            page.close()
    return rows


def _beside(
    playwright: Any, url: str, deep: Inspector, texts: dict[int, str], scale: Scale, folder: Path
) -> list[Row]:
    """The same sentences on our page and on BertViz's, 12 x 12 heads."""
    rows = []
    scripts = bertviz_page.scripts(folder)
    with browsing(playwright) as browser:
        for size, text in texts.items():
            page = _open(browser, url)
            drawn = median([page.evaluate(_ANALYSE, t) for t in (text, "A word.", text, "Another.", text)][::2])
            page.close()
            seen = deep.inspect(text)
            attention, message = _bytes_sent(deep, text)
            theirs, outcome, note = bertviz_page.measured(seen, folder / "bertviz.html", browser, scripts)
            rows += [
                at_least(
                    f"bytes of BertViz's page / our attention, {size} pieces",
                    theirs / attention,
                    30,
                    note=f"{_size(theirs)} against {_size(attention)} ({_size(message)} with all else)",
                ),
                figure(f"text to drawn, {size} pieces, with the forward pass", drawn, "ms"),
                figure(f"BertViz: file to drawn, {size} pieces", outcome, "ms", note=note),
            ]
    return rows


def _bytes_sent(inspector: Inspector, text: str) -> tuple[int, int]:
    """Bytes of the attention that the page gets for a text, and of the whole answer."""
    from exbert_hub.app.service.model_session import ModelSession
    from exbert_hub.app.wire.requests import InspectRequest

    value = ModelSession(inspector, None).inspect(InspectRequest(text=text))
    layers = value["inspection"]["layers"]
    attention = sum(len(layer["data"]) for layer in layers if layer and layer.get("data"))
    if not attention:  # a long text brings the layer that is looked at
        pieces = len(value["inspection"]["from"])
        attention = -(-layers[-1]["heads"] * pieces**2 // 3) * 4  # base64
    return attention, len(json.dumps(value))


def _size(count: float) -> str:
    return f"{count / 1e6:,.1f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"
