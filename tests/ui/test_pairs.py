"""Two texts at once: the box on demand, and the marks of where each begins."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Visit
from .steps import LOADED, TEXT, drawn, fits, looks, settled, state

SECOND = "She wanted some peace."


def starts(page: Any, side: str = "from") -> list[list[str]]:
    read = "pieces => pieces.map(p => [p.dataset.starts, p.textContent])"
    return page.eval_on_selector_all(f".exb-{side} [data-starts]", read)


@pytest.mark.parametrize(("theme", "size"), LOADED)
def test_a_second_sentence_on_demand(site: str, visit: Visit, theme: str, size: tuple[int, int]) -> None:
    page = visit(site, theme=theme, size=size)
    assert page.locator("#exb-pair").count() == 0 or page.locator("#exb-pair").is_hidden()
    assert starts(page) == []
    add = page.get_by_role("button", name="+ second sentence")
    add.focus()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.matches('#exb-pair textarea')")  # ready to type
    page.keyboard.type(SECOND)
    page.keyboard.press("Enter")
    settled(page, "exbert.store.values.pair", SECOND)
    page.wait_for_selector(".exb-piece[data-starts='B']")
    drawn(page)
    assert starts(page) == starts(page, "to") == [["A", "the"], ["B", "she"]]
    assert all(fits(page) for _ in looks(page))
    line = page.locator(".exb-from [data-starts='B']").evaluate("e => getComputedStyle(e, '::after').borderTopStyle")
    assert line == "dashed"
    page.get_by_role("button", name="− second sentence").click()
    settled(page, "exbert.store.values.pair", "")
    page.wait_for_selector(".exb-piece[data-starts]", state="detached")
    page.get_by_role("button", name="+ second sentence").wait_for()


def test_a_pair_in_the_address_brings_its_box(site: str, visit: Visit) -> None:
    page = visit(site, text=TEXT, pair=SECOND, token=1)
    box = page.locator("#exb-pair textarea")
    box.wait_for()
    assert box.input_value() == SECOND
    assert starts(page) == [["A", "the"], ["B", "she"]]
    page.get_by_role("switch", name="Words").click()
    drawn(page)
    assert starts(page) == [["A", "The"], ["B", "She"]] or starts(page) == [["A", "the"], ["B", "she"]]
    assert state(page)["pair"] == SECOND


def test_the_second_text_of_a_long_pair_is_marked_in_the_strip(site: str, visit: Visit) -> None:
    page = visit(site, text=" ".join([TEXT] * 12), pair=" ".join([SECOND] * 10), window=170)
    page.wait_for_selector(".exb-veil[hidden]", state="attached")
    drawn(page)
    assert [letter for letter, _ in starts(page)] == ["A", "B"]
    grey = "c => { const d = c.getContext('2d').getImageData(0, 1, c.width, 1).data;"
    grey += " return Array.from({ length: c.width }, (_, x) => d[4 * x + 3]).filter(Boolean).length; }"
    assert 1 <= page.locator(".exb-overview-track canvas").first.evaluate(grey) <= 4
