"""What a visitor does and sees, in the words of the page."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

TEXT = "The girl ran to a local pub to escape the din of her city."
WIDE, PHONE = (1440, 900), (390, 844)
LOADED = (("light", WIDE), ("dark", PHONE))  # both themes and both sizes, for what begins with a fresh page
ESCAPE = 10  # position of the piece "escape" in TEXT, as the embedded model cuts it


def piece(page: Any, token: int, side: str = "from") -> Any:
    return page.locator(f".exb-pieces.exb-{side} [data-token='{token}']")


def state(page: Any) -> dict[str, Any]:
    return json.loads(page.evaluate("JSON.stringify(exbert.store.values)"))


def settled(page: Any, script: str, value: Any = True) -> None:
    page.wait_for_function(
        f"(value) => JSON.stringify({script}) === value", arg=json.dumps(value, separators=(",", ":"))
    )
    # the page draws what was set with the next frame: what follows looks at the frame after that
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))")


def mask(page: Any, token: int) -> None:
    piece(page, token).dblclick()
    page.wait_for_selector(f".exb-from [data-token='{token}'][data-masked]")
    page.wait_for_selector(".exb-mount:not([data-busy]) .exb-figure")


def choose_layer(page: Any, layer: int | str) -> None:
    page.get_by_role("radiogroup", name="Layer").locator(f"[data-value='{layer}']").click()
    settled(page, "exbert.store.values.layer", layer)


def choose_heads(page: Any, *heads: int) -> None:
    page.locator("[data-bulk='none']").click()
    for head in heads:
        page.locator(f".exb-chip[data-head='{head}']").click()
    settled(page, "exbert.store.values.heads", sorted(heads))


def search(page: Any) -> None:
    before = received(page)
    page.get_by_role("button", name="Search corpus").click()
    await_results(page, before)


def received(page: Any) -> int:
    return int(page.locator("#exb-evidence [data-received]").get_attribute("data-received") or 0)


def await_results(page: Any, before: int) -> None:
    page.wait_for_function(
        "(before) => Number(document.querySelector('#exb-evidence [data-received]').dataset.received) > before",
        arg=before,
    )
    page.wait_for_selector(".exb-result")


def links(page: Any) -> list[tuple[int, int]]:
    """(from, to) of the curves on the page."""
    return [(row, col) for row, col, _ in painted_links(page)]


def painted_links(page: Any) -> list[tuple[int, int, float]]:
    """(from, to, opacity) of the curves on the page. What the canvas shows is held against them: at either end of the
    curves the pixels of each row are as opaque as the links that leave or reach it, laid over each other."""
    page.wait_for_selector(".exb-links[data-whole]", state="attached")
    scene = page.evaluate(_PAINTED)
    found = list(zip(scene["from"], scene["to"], scene["opacity"], strict=True))
    for side, (units, pixels) in enumerate(scene["ends"]):
        for unit, pixel in zip(units, pixels, strict=True):
            through = math.prod(1 - link[2] for link in found if link[side] == unit and link[2] >= FAINTEST)
            assert abs(pixel / 255 - (1 - through)) < TOLERANCE, (side, unit)
    return found


FAINTEST = 0.004  # of an opacity that is drawn
TOLERANCE = 0.03  # a curve is no longer level where the first pixel has its middle
_PAINTED = """() => {
  const { scene, canvas } = exbert.parts.view.figure, { edges, rowHeight } = scene;
  const scale = devicePixelRatio, pen = canvas.getContext("2d");
  const end = (units, x) => [units, units.map((_, i) => (canvas.hidden ? 0
    : Math.max(...[-1, 0].map((by) => pen.getImageData(x, (i + 0.5) * rowHeight * scale + by, 1, 1).data[3]))))];
  return {
    from: edges.from, to: edges.to, opacity: edges.weight.map((weight) => weight / edges.max),
    ends: scene.rowHeight < 20 && !scene.focus ? [] : [end(scene.rows, 0), end(scene.cols, canvas.width - 1)],
  };
}"""


def drawn(page: Any) -> None:
    """Waits until the browser has drawn what was set last."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def looks(page: Any) -> Iterator[tuple[str, tuple[int, int]]]:
    """Walks the page as it is through both themes and both sizes, one step at a time."""
    for theme, size in (("light", WIDE), ("light", PHONE), ("dark", PHONE), ("dark", WIDE)):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.evaluate("(dark) => document.body.classList.toggle('dark', dark)", theme == "dark")
        drawn(page)
        yield theme, size


def fits(page: Any) -> bool:
    """Whether nothing sticks out sideways."""
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
