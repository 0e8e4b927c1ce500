"""Speed of the page in a real browser, beside BertViz on the same sentences: `make bench-page`.

Writes docs/benchmarks_page.md. Needs the `bench` extra (BertViz, from PyPI) and npm, which brings the three scripts
that BertViz's page loads from a CDN; nothing else leaves the machine. Figures are medians.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice, repeat
from pathlib import Path
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import gradio

from exbert_hub import CorpusIndex, Inspector, demo
from exbert_hub.corpus import open_corpus
from exbert_hub.corpus.types import CorpusInfo, Sentence

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks_page.md"
CHROMIUM = "/usr/bin/chromium"
ARGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
SIZES = (24, 128, 512)
REPEATS = 5
SEARCHES = 30
CORPUS_PIECES = 50_000
CDN = {  # what BertViz's page asks a CDN for, as npm packages
    "require.min.js": ("requirejs@2.3.6", "package/require.js"),
    "d3.min.js": ("d3@5.7.0", "package/dist/d3.min.js"),
    "jquery.min.js": ("jquery@2.0.0", "package/jquery.min.js"),
}


@dataclass(frozen=True)
class Repeated:
    """The demo's corpus, read over and over until it is long enough."""

    info: CorpusInfo
    sentences: tuple[Sentence, ...]

    def __iter__(self) -> Iterator[Sentence]:
        return iter(self.sentences)

    def __len__(self) -> int:
        return len(self.sentences)


def build_index(inspector: Inspector, folder: Path) -> CorpusIndex:
    corpus = open_corpus(demo.CORPUS)
    once = list(corpus)
    pieces = sum(len(tokens.pieces) - 2 for tokens in inspector.tokenize_batch([s.text for s in once]))
    wanted = round(len(once) * CORPUS_PIECES / pieces)
    sentences = tuple(islice(chain.from_iterable(repeat(once)), wanted))
    info = replace(corpus.info, sha256=f"{corpus.info.sha256}-{wanted}")
    return CorpusIndex.build(inspector, Repeated(info, sentences), folder)


def deep_model(folder: Path) -> Path:
    """A model of 12 layers and 12 heads with random weights and the demo's tokenizer: only its attention is drawn."""
    from transformers import AutoConfig, AutoModelForMaskedLM

    config = AutoConfig.from_pretrained(demo.MODEL, num_hidden_layers=12)
    AutoModelForMaskedLM.from_config(config).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(demo.MODEL / name, folder)
    return folder


def text_of(inspector: Inspector, pieces: int) -> str:
    """The start of the demo's first text, cut where it has this many pieces, special tokens counted."""
    words = (demo.FOLDER / "corpus" / "01-fairy-tale.txt").read_text("utf-8").split()
    count = next(n for n in range(1, len(words)) if len(inspector.tokenize(" ".join(words[:n])).pieces) >= pieces)
    text = " ".join(words[:count])
    return text if len(inspector.tokenize(text).pieces) == pieces else " ".join(words[: count - 1])


@contextlib.contextmanager
def serving(model: Inspector, index: CorpusIndex | None) -> Iterator[str]:
    import exbert_hub

    _, url, _ = exbert_hub.launch(model, index, prevent_thread_lock=True, quiet=True)
    try:
        yield url
    finally:
        gradio.close_all()


def median(run: Callable[[], float], times: int = REPEATS) -> float:
    return statistics.median(run() for _ in range(times))


# -- ours -------------------------------------------------------------------------------------------------------------

_ANALYSE = """(text) => new Promise((done) => {
  const mount = document.querySelector('#exb-view [data-drawn]');
  const before = mount.dataset.drawn, start = performance.now();
  exbert.bus.dispatchEvent(new CustomEvent('text', { detail: { text, pair: '' } }));
  const look = () => !mount.hasAttribute('data-busy') && mount.dataset.drawn !== before
    ? requestAnimationFrame(() => done(performance.now() - start)) : requestAnimationFrame(look);
  requestAnimationFrame(look);
})"""

# every frame another layer or another set of heads, as fast as the browser draws them
_SWITCH = """([what, frames]) => new Promise((done) => {
  const mount = document.querySelector('#exb-view [data-drawn]'), gaps = [];
  let last = performance.now(), n = 0, drawn = Number(mount.dataset.drawn);
  const step = () => {
    if (Number(mount.dataset.drawn) > drawn) {
      drawn = Number(mount.dataset.drawn);
      const now = performance.now();
      if (n++) gaps.push(now - last);
      last = now;
      if (gaps.length === frames) return done(gaps);
      exbert.store.set(what === 'layer' ? { layer: n % 6 } : { heads: [n % 12, (n + 5) % 12] });
    }
    requestAnimationFrame(step);
  };
  exbert.store.set({ layer: what === 'layer' ? 5 : 2, heads: what === 'layer' ? null : [0] });
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


def ours(browser: Any, url: str, text: str) -> dict[str, float]:
    """Milliseconds from the analysed text to the drawn view, and from one layer or set of heads to the next."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(url)
    page.wait_for_selector("[data-drawn]")
    result = {"drawn": median(lambda: page.evaluate(_ANALYSE, text))}
    for what in ("layer", "heads"):
        gaps = page.evaluate(_SWITCH, [what, 60])
        result[what] = statistics.median(gaps)
    page.close()
    return result


def first_paint(browser: Any, url: str) -> float:
    page = browser.new_page()
    page.goto(url)
    page.wait_for_selector("[data-drawn]")
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    page.close()
    return float(paint)


def searches(browser: Any, url: str) -> list[float]:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{url}?token=10")
    page.wait_for_selector("[data-drawn]")
    times = [page.evaluate(_SEARCH, n % 6) for n in range(SEARCHES)]
    assert page.locator(".exb-result").count() == 50
    page.close()
    return times


# -- BertViz ----------------------------------------------------------------------------------------------------------


def cdn_scripts(folder: Path) -> dict[str, bytes]:
    scripts = {}
    for name, (package, member) in CDN.items():
        packed = subprocess.run(["npm", "pack", "--silent", package], cwd=folder, capture_output=True, check=True)
        archive = folder / packed.stdout.decode().split()[-1]
        subprocess.run(["tar", "-xzf", archive, member], cwd=folder, check=True)
        scripts[name] = (folder / member).read_bytes()
    return scripts


def bertviz(browser: Any, inspector: Inspector, text: str, scripts: dict[str, bytes]) -> tuple[int, float]:
    """Bytes of the page of `head_view` and milliseconds until it is drawn."""
    import torch
    from bertviz import head_view

    seen = inspector.inspect(text)
    attention = [torch.from_numpy(layer)[None] for layer in seen.attention]
    html = "<html><body>" + head_view(attention, list(seen.pieces), html_action="return").data + "</body></html>"
    page = browser.new_page(viewport={"width": 1440, "height": 900})

    def answer(route: Any) -> None:
        name = route.request.url.rsplit("/", 1)[-1]
        if name in scripts:
            route.fulfill(body=scripts[name], content_type="text/javascript")
        else:
            route.fulfill(body=html, content_type="text/html; charset=utf-8")

    page.route("**/*", answer)
    start = time.perf_counter()
    page.goto("http://bertviz.test/", timeout=300_000, wait_until="commit")
    page.wait_for_selector("svg #attention_weights, svg .attention, svg line", state="attached", timeout=300_000)
    milliseconds = (time.perf_counter() - start) * 1000
    page.close()
    return len(html.encode()), milliseconds


# -- the page ---------------------------------------------------------------------------------------------------------


def message_bytes(inspector: Inspector, text: str) -> tuple[int, int]:
    """Bytes of what the server sends for a text: all of it, and the coded attention alone."""
    from exbert_hub.app.session import Workbench

    value = Workbench(inspector, None).inspect({"text": text, "pair": "", "stack": "", "mask": []})
    inspection = json.loads(value)["inspection"] if isinstance(value, str) else value["inspection"]
    attention = sum(len(layer["data"]) for layer in inspection["layers"] if layer and layer.get("data"))
    return len(json.dumps(value)), attention


def table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in (header, ("---",) * len(header), *rows)) + "\n"


def kilobytes(count: float) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"


def main() -> None:
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        folder = Path(temporary)
        inspector = Inspector.from_pretrained(demo.MODEL)
        deep = Inspector.from_pretrained(deep_model(folder / "deep"))
        index = build_index(inspector, folder / "index")
        texts = {size: text_of(inspector, size) for size in SIZES}
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        with serving(inspector, index) as url:
            paint = median(lambda: first_paint(browser, url))
            found = searches(browser, url)
            switching = {size: ours(browser, url, text) for size, text in texts.items()}
        scripts = cdn_scripts(folder)
        beside = []
        with serving(deep, None) as url:
            for size, text in texts.items():
                drawn = ours(browser, url, text)["drawn"]
                total, attention = message_bytes(deep, text)
                theirs, their_drawn = bertviz(browser, deep, text, scripts)
                beside.append((size, total, attention, drawn, theirs, their_drawn))
        version = browser.version
        browser.close()
    found.sort()
    PAGE.write_text(
        "# Speed of the page\n\n"
        "Written by `make bench-page`; medians. "
        f"Machine: {os.cpu_count()} cores, {platform.machine()}, Chromium {version} without a GPU.\n\n"
        f"First contentful paint on localhost: **{paint:.0f} ms** (median of {REPEATS}).\n\n"
        f"Search event to 50 results drawn, {len(index):,} corpus pieces, {SEARCHES} searches over six layers: "
        f"p50 **{found[len(found) // 2]:.0f} ms**, p95 {found[int(len(found) * 0.95)]:.0f} ms.\n\n"
        "## Switching, 6 layers x 12 heads\n\nMilliseconds from one drawn state to the next, 60 switches.\n\n"
        + table(
            ("pieces", "layer", "heads", "text to drawn"),
            [
                (str(size), f"{r['layer']:.0f} ms", f"{r['heads']:.0f} ms", f"{r['drawn']:.0f} ms")
                for size, r in switching.items()
            ],
        )
        + "\n## Beside BertViz' `head_view`, 12 layers x 12 heads, the same sentence\n\n"
        "BertViz' scripts are served from memory instead of from its CDN. Ours is the answer to one text on an open "
        "page, the model's forward pass included.\n\n"
        + table(
            ("pieces", "our message", "of it attention", "drawn", "BertViz' page", "drawn", "bytes, theirs / ours"),
            [
                (
                    str(size),
                    kilobytes(total),
                    kilobytes(attention),
                    f"{drawn:.0f} ms",
                    kilobytes(theirs),
                    f"{their_drawn:.0f} ms",
                    f"{theirs / attention:.0f}",
                )
                for size, total, attention, drawn, theirs, their_drawn in beside
            ],
        ),
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
