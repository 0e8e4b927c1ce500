"""BertViz's `head_view` as a page of its own: written, and timed until it is drawn."""

from __future__ import annotations

import math
import subprocess
import time
from pathlib import Path
from typing import Any

CDN = {  # what the page asks a CDN for, as npm packages
    "require.min.js": ("requirejs@2.3.6", "package/require.js"),
    "d3.min.js": ("d3@5.7.0", "package/dist/d3.min.js"),
    "jquery.min.js": ("jquery@2.1.1", "package/dist/jquery.min.js"),
}
PATIENCE = 30  # seconds
OPENED = 1e9  # bytes; a page of 1.7 GB was not drawn in 30 s when it was tried


def scripts(folder: Path) -> dict[str, bytes]:
    """The three scripts, by the name that the page asks for."""
    found = {}
    for name, (package, member) in CDN.items():
        packed = subprocess.run(["npm", "pack", "--silent", package], cwd=folder, capture_output=True, check=True)
        archive = folder / packed.stdout.decode().split()[-1]
        subprocess.run(["tar", "-xzf", archive, member], cwd=folder, check=True)
        found[name] = (folder / member).read_bytes()
    return found


def write(seen: Any, file: Path) -> Path:
    """The page for an inspection."""
    import torch
    from bertviz import head_view

    attention = [torch.from_numpy(layer)[None] for layer in seen.attention]
    page = head_view(attention, list(seen.pieces), html_action="return").data
    file.write_text(f"<!doctype html><html><body>{page}</body></html>", encoding="utf-8")
    return file


def milliseconds_to_drawn(browser: Any, file: Path, answers: dict[str, bytes]) -> tuple[float, str]:
    """From opening the page to its first line, and what there is to say; NaN where it never came to that."""
    from playwright.sync_api import Error

    if file.stat().st_size > OPENED:
        return math.nan, "was not opened: 30 s did not suffice when it was tried"
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.route("https://**/*", lambda route: _answer(route, answers))
    start = time.perf_counter()
    try:
        page.goto(file.as_uri(), timeout=PATIENCE * 1000, wait_until="commit")
        page.wait_for_selector("#vis line, svg line", state="attached", timeout=PATIENCE * 1000)
        return (time.perf_counter() - start) * 1000, ""
    except Error as error:
        return math.nan, f"was not drawn: {str(error).splitlines()[0]}"
    finally:
        page.close()


def _answer(route: Any, answers: dict[str, bytes]) -> None:
    name = route.request.url.rsplit("/", 1)[-1]
    if name in answers:
        route.fulfill(body=answers[name], content_type="text/javascript")
    else:
        route.abort()
