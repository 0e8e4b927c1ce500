"""BertViz's `head_view` as a page of its own: written, and timed until it is drawn."""

from __future__ import annotations

import math
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

CDN = {  # what the page asks a CDN for, as npm packages
    "require.min.js": ("requirejs@2.3.6", "package/require.js"),
    "d3.min.js": ("d3@5.7.0", "package/dist/d3.min.js"),
    "jquery.min.js": ("jquery@2.1.1", "package/dist/jquery.min.js"),
}
PATIENCE = 30  # seconds
OPENED = 128  # pieces; of 512 a page has 1.7 GB, and was not drawn in 30 s when it was tried


def scripts(folder: Path) -> dict[str, bytes]:
    """The three scripts, by the name that the page asks for."""
    found = {}
    for name, (package, member) in CDN.items():
        packed = subprocess.run(["npm", "pack", "--silent", package], cwd=folder, capture_output=True, check=True)
        archive = folder / packed.stdout.decode().split()[-1]
        subprocess.run(["tar", "-xzf", archive, member], cwd=folder, check=True)
        found[name] = (folder / member).read_bytes()
    return found


def measured(seen: Any, file: Path, browser: Any, answers: dict[str, bytes]) -> tuple[float, float, str]:
    """Bytes of the page for an inspection, milliseconds until it is drawn, and what there is to say of that.

    A page that is too large to be drawn, NaN, is written with one layer, which is as large as every other.
    """
    short = len(seen.pieces) <= OPENED
    layers = seen.attention if short else seen.attention[:1]
    _write(layers, seen.pieces, file)
    size = file.stat().st_size * len(seen.attention) / len(layers)
    drawn = (
        milliseconds_to_drawn(browser, file, answers)
        if short
        else (math.nan, "30 s did not suffice when it was tried")
    )
    file.unlink()
    return size, *drawn


def _write(attention: Sequence[np.ndarray], pieces: Sequence[str], file: Path) -> None:
    import torch
    from bertviz import head_view

    tensors = [torch.from_numpy(layer)[None] for layer in attention]
    page = head_view(tensors, list(pieces), html_action="return").data
    file.write_text(f"<!doctype html><html><body>{page}</body></html>", encoding="utf-8")


def milliseconds_to_drawn(browser: Any, file: Path, answers: dict[str, bytes]) -> tuple[float, str]:
    """From opening the page to its first line, and what there is to say; NaN where it never came to that."""
    from playwright.sync_api import Error

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
