"""The README's pictures of the demo, made by a browser: `make screenshots` writes docs/images/.

Three still pictures, and `demo.gif`: a visitor masks a word, searches layer after layer until its neighbours are
verbs, then asks one head, and finds out what that head looks at.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import gradio
from PIL import Image, ImageDraw

import exbert_hub

IMAGES = Path(__file__).parent.parent / "docs" / "images"
CHROMIUM = "/usr/bin/chromium"
ARGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-sync".split()
)
STATE = "token=10&mask=10&layer=3&search=1"  # "escape", masked, at layer 3
PICTURES = (("page-light", "light", 1440, 960), ("page-dark", "dark", 1440, 960), ("page-phone", "light", 390, 1400))

FILM = "demo.gif"
VIEWPORT = 1320, 1080  # so high that the whole figure and the search button fit
FILM_WIDTH = 990  # pixels, as wide as GitHub shows it
FILM_BYTES = 1_500_000
ESCAPE = 10  # position of the piece "escape" in the demo's sentence
POINTER = ((0, 0), (0, 17), (4, 13), (7, 20), (10, 19), (7, 12), (12, 12))  # pixels from its tip


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    _, url, _ = exbert_hub.launch(prevent_thread_lock=True, quiet=True)
    with a_browser() as browser:
        for name, theme, width, height in PICTURES:
            page = browser.new_page(viewport={"width": width, "height": height}, reduced_motion="reduce")
            page.goto(f"{url}?__theme={theme}&{STATE}")
            page.wait_for_selector(".exb-result")
            page.evaluate("document.fonts.ready")
            page.screenshot(path=IMAGES / f"{name}.png")
            page.close()
        film = Film(browser.new_page(viewport=dict(zip(("width", "height"), VIEWPORT, strict=True))))
        play(film, url)
        film.save(IMAGES / FILM)
    gradio.close_all()


@contextmanager
def a_browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@dataclass
class Film:
    """Frames of a page, with the pointer where the visitor has clicked."""

    page: Any
    frames: list[Image.Image] = field(default_factory=list)
    milliseconds: list[int] = field(default_factory=list)
    pointer: tuple[float, float] | None = None

    def show(self, milliseconds: int) -> None:
        """Take a frame that stays for so long."""
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        frame = Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")
        if self.pointer is not None:
            x, y = self.pointer
            corners = [(x + dx, y + dy) for dx, dy in POINTER]
            ImageDraw.Draw(frame).polygon(corners, fill="black", outline="white")
        size = FILM_WIDTH, round(frame.height * FILM_WIDTH / frame.width)
        self.frames.append(frame.resize(size, Image.Resampling.LANCZOS))
        self.milliseconds.append(milliseconds)

    def click(self, target: Any, *, twice: bool = False, milliseconds: int = 400) -> None:
        """Show the pointer on something, then click it."""
        box = target.bounding_box()
        self.pointer = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.page.mouse.move(*self.pointer)
        self.show(milliseconds)
        if twice:
            target.dblclick()
        else:
            target.click()

    def save(self, path: Path) -> None:
        """Write the frames with one palette, so that what does not change costs nothing."""
        sheet = Image.new("RGB", (self.frames[0].width, self.frames[0].height * len(self.frames)))
        for number, frame in enumerate(self.frames):
            sheet.paste(frame, (0, number * frame.height))
        # the commonest colours, and as many that lie far apart: the bars are small and have colours of their own
        methods = Image.Quantize.MEDIANCUT, Image.Quantize.MAXCOVERAGE
        colours = [sheet.quantize(128, method).getpalette() or [] for method in methods]
        palette = Image.new("P", (1, 1))
        palette.putpalette([value for half in colours for value in half[: 3 * 128]])
        drawn = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in self.frames]
        drawn[0].save(path, save_all=True, append_images=drawn[1:], duration=self.milliseconds, loop=0, optimize=True)
        if (size := path.stat().st_size) > FILM_BYTES:
            raise SystemExit(f"{path} has {size:,} bytes, more than {FILM_BYTES:,}: take fewer frames")


def play(film: Film, url: str) -> None:
    """What the visitor does."""
    page = film.page
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{url}?__theme=light")
    page.wait_for_selector("[data-drawn]")
    page.evaluate("document.fonts.ready")
    film.show(1500)

    film.click(page.locator(f".exb-pieces.exb-from [data-token='{ESCAPE}']"), twice=True)
    page.wait_for_selector(f".exb-from [data-token='{ESCAPE}'][data-masked]")
    page.wait_for_selector(".exb-mount:not([data-busy]) .exb-figure")
    film.show(1200)
    for layer, pause in (("emb", 1800), (0, 1500), (1, 1500), (3, 3000)):
        _choose_layer(film, layer)
        _search(film)
        film.show(pause)

    film.click(page.locator("[data-bulk='none']"))
    film.click(page.locator(".exb-chip[data-head='8']"))
    film.click(page.get_by_role("radio", name="heads"))
    _search(film)
    film.show(4000)


def _choose_layer(film: Film, layer: int | str) -> None:
    film.click(film.page.get_by_role("radiogroup", name="Layer").locator(f"[data-value='{layer}']"))
    film.page.wait_for_function("(layer) => exbert.store.values.layer === layer", arg=layer)


def _search(film: Film) -> None:
    page, received = film.page, "#exb-evidence [data-received]"
    before = page.locator(received).get_attribute("data-received") or "0"
    film.click(page.get_by_role("button", name="Search corpus"))
    page.wait_for_function(
        "([received, before]) => Number(document.querySelector(received).dataset.received) > before",
        arg=[received, int(before)],
    )
    page.wait_for_selector(".exb-result")


if __name__ == "__main__":
    main()
