"""What a visitor does and sees, in the words of the page."""

from __future__ import annotations

import json
from typing import Any

TEXT = "The girl ran to a local pub to escape the din of her city."
ESCAPE = 10  # position of the piece "escape" in TEXT, as the embedded model cuts it


def piece(page: Any, token: int, side: str = "from") -> Any:
    return page.locator(f".exb-pieces.exb-{side} [data-token='{token}']")


def state(page: Any) -> dict[str, Any]:
    return json.loads(page.evaluate("JSON.stringify(exbert.store.values)"))


def settled(page: Any, script: str, value: Any = True) -> None:
    page.wait_for_function(
        f"(value) => JSON.stringify({script}) === value", arg=json.dumps(value, separators=(",", ":"))
    )


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
    """(from, to) of the curves on the page, which must be few enough for SVG."""
    settled(page, "document.querySelector('.exb-links').dataset.renderer", "svg")
    found = page.eval_on_selector_all(".exb-links path", "paths => paths.map(p => [+p.dataset.from, +p.dataset.to])")
    return [tuple(pair) for pair in found]


def drawn(page: Any) -> None:
    """Waits until the browser has drawn what was set last."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
