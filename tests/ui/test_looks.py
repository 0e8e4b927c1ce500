"""What a screenshot would show: themes, sizes, keyboard, motion."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Visit
from .steps import ESCAPE, LOADED, WIDE, drawn, fits, looks, settled, state


def luminance(rgb: str) -> float:
    """Relative luminance of a computed colour (WCAG 2.1)."""
    parts = [int(part) / 255 for part in rgb[rgb.index("(") + 1 : -1].split(",")[:3]]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(page: Any, selector: str, ground: str) -> float:
    style = "([s, g]) => [getComputedStyle(document.querySelector(s)).color,"
    style += " getComputedStyle(document.querySelector(g)).backgroundColor]"
    one, other = sorted(map(luminance, page.evaluate(style, [selector, ground])))
    return (other + 0.05) / (one + 0.05)


def test_the_whole_job_fits_every_theme_and_size(site: str, visit: Visit) -> None:
    page = None
    for theme, size in LOADED:
        page = visit(site, page=page, theme=theme, size=size, mask=ESCAPE, token=ESCAPE, layer=2, search=1)
        page.wait_for_selector(".exb-result")
        drawn(page)
        check_job(page, size)
    for _, size in looks(page):
        check_job(page, size)


def check_job(page: Any, size: tuple[int, int]) -> None:
    assert fits(page)
    view, evidence = page.locator("#exb-view").bounding_box(), page.locator("#exb-evidence").bounding_box()
    assert (view["x"] < evidence["x"]) == (size == WIDE)  # two panes, or one column
    for selector in (".exb-sentence", ".exb-piece:not([aria-selected='true']):not([data-masked])", ".exb-hint"):
        assert contrast(page, selector, ".exb-pane") >= 4.5


def test_the_main_job_needs_no_mouse(site: str, visit: Visit) -> None:
    page = visit(site)
    page.locator("#exb-sentence textarea").focus()

    def tab_to(selector: str) -> None:
        for _ in range(30):
            page.keyboard.press("Tab")
            if page.evaluate("(s) => document.activeElement.matches(s)", selector):
                outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
                assert outline != "none"  # focus is visible
                return
        pytest.fail(f"{selector} cannot be reached with Tab")

    tab_to(".exb-segmented [role=radio]")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    settled(page, "exbert.store.values.layer", 2)
    tab_to(".exb-pieces.exb-from [role=option]")
    for _ in range(ESCAPE - 1):
        page.keyboard.press("ArrowDown")
    drawn(page)
    assert page.locator(".exb-token-name").inner_text() == "escape"
    page.keyboard.press("m")
    page.wait_for_selector(".exb-from [data-masked]")
    page.wait_for_selector(".exb-mount:not([data-busy]) .exb-figure")
    drawn(page)
    assert page.evaluate("document.activeElement.dataset.token") == str(ESCAPE)  # focus survives the new figure
    page.keyboard.press("Enter")
    page.wait_for_selector(".exb-result")
    assert state(page)["token"] == ESCAPE


def test_motion_is_off_for_those_who_asked(site: str, visit: Visit) -> None:
    page = visit(site)
    assert page.locator(".exb-knob").first.evaluate("e => getComputedStyle(e).transitionDuration") == "0s"
