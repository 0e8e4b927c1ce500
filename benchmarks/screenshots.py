"""The README's pictures of the demo, made by a browser: `make screenshots` writes docs/images/."""

from __future__ import annotations

import os
from pathlib import Path

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import gradio

import exbert_hub

IMAGES = Path(__file__).parent.parent / "docs" / "images"
CHROMIUM = "/usr/bin/chromium"
ARGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-sync".split()
)
STATE = "token=10&mask=10&layer=3&search=1"  # "escape", masked, at layer 3
PICTURES = (("page-light", "light", 1440, 960), ("page-dark", "dark", 1440, 960), ("page-phone", "light", 390, 1400))


def main() -> None:
    from playwright.sync_api import sync_playwright

    IMAGES.mkdir(exist_ok=True)
    _, url, _ = exbert_hub.launch(prevent_thread_lock=True, quiet=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        for name, theme, width, height in PICTURES:
            page = browser.new_page(viewport={"width": width, "height": height}, reduced_motion="reduce")
            page.goto(f"{url}?__theme={theme}&{STATE}")
            page.wait_for_selector(".exb-result")
            page.evaluate("document.fonts.ready")
            page.screenshot(path=IMAGES / f"{name}.png")
            page.close()
        browser.close()
    gradio.close_all()


if __name__ == "__main__":
    main()
