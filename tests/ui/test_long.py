"""Texts of hundreds of pieces: one layer at a time, a window of the text, and the whole of it in a strip."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exbert_hub import Inspector, demo
from exbert_hub.analysis.attention import aggregate, decode_sqrt, encode_sqrt

from ..page_maths import head_matrices, top_edges
from .conftest import Visit
from .steps import LOADED, choose_layer, drawn, fits, links, looks, piece, settled, state
from .test_attention import matrix_pixels
from .test_exports import SVG, Offline, download

LONG = " ".join(["The girl ran to a local pub to escape the din of her city, and nobody saw her again."] * 23)
LAYER, WINDOW = 3, 96
TRACK = ".exb-overview:not([hidden]) .exb-overview-track"


@pytest.fixture(scope="module")
def attention() -> np.ndarray:
    """[H, N, N] of one layer as it reaches the browser."""
    seen = Inspector.from_pretrained(demo.MODEL).inspect(LONG)
    assert 400 < len(seen.pieces) <= 512
    return decode_sqrt(encode_sqrt(seen.attention[LAYER]))


def arrived(page: Any) -> None:
    page.wait_for_selector(".exb-veil[hidden]", state="attached")
    drawn(page)


def window(page: Any) -> tuple[int, int]:
    tokens = page.eval_on_selector_all(".exb-from .exb-piece", "pieces => pieces.map(p => +p.dataset.token)")
    assert tokens == list(range(tokens[0], tokens[-1] + 1)) and len(tokens) == WINDOW
    return tokens[0], tokens[-1]


def edges(attention: np.ndarray, heads: list[int], share: float) -> np.ndarray:
    visible = np.ones(attention.shape[-1], bool)
    visible[[0, -1]] = False
    return np.argwhere(top_edges(aggregate(attention, heads), share, visible))


def count_leaving(page: Any, where: str) -> int:
    text = page.locator(f".exb-border[data-where='{where}']").inner_text()
    return int(text.split("·")[1].split()[0].replace(",", "")) if "·" in text else 0


def test_a_long_text_is_shown_in_a_window_over_the_whole(site: str, visit: Visit, attention: np.ndarray) -> None:
    page = visit(site, text=LONG, layer=LAYER, heads="3", top=20, window=201)
    arrived(page)
    assert window(page) == (201, 296)
    every = edges(attention, [3], 0.2)
    inside = (every >= 201) & (every <= 296)
    half = every[inside.sum(1) == 1]
    outer = np.where(inside[inside.sum(1) == 1], -1, half).max(1)  # the end that is not in the window
    assert page.locator(".exb-links").get_attribute("data-links") == str((inside.sum(1) == 2).sum())
    assert (count_leaving(page, "before"), count_leaving(page, "after")) == ((outer < 201).sum(), (outer > 296).sum())


def test_head_matrices_are_of_the_whole_text(site: str, visit: Visit, attention: np.ndarray) -> None:
    page = visit(site, text=LONG, layer=LAYER, window=201)
    arrived(page)
    visible = np.ones(attention.shape[-1], bool)
    visible[[0, -1]] = False
    for side, values in zip(("from", "to"), head_matrices(attention, visible), strict=True):
        red = matrix_pixels(page, side, WINDOW, 12)[..., 0]
        expected = values[201:297] / values.max()
        np.testing.assert_allclose((0xEE - red) / (0xEE - 0x3D), expected, atol=0.02)


def test_links_of_a_piece_go_on_to_the_border(site: str, visit: Visit, attention: np.ndarray) -> None:
    page = visit(site, text=LONG, layer=LAYER, heads="3", top=60, token=250, window=201)
    arrived(page)
    own = edges(attention, [3], 0.6)
    expected = [tuple(pair) for pair in own[own[:, 0] == 250].tolist()]
    assert sorted(links(page)) == expected
    leaving = [to for _, to in expected if not 201 <= to <= 296]
    assert leaving and count_leaving(page, "before") + count_leaving(page, "after") == len(leaving)


def test_the_strip_shows_the_whole_text_and_fits(site: str, visit: Visit) -> None:
    page = None
    for theme, size in LOADED:
        page = visit(site, page=page, theme=theme, size=size, text=LONG, layer=LAYER)
        arrived(page)
        check_strip(page)
    for look in looks(page):
        assert fits(page), look
    check_strip(page)


def check_strip(page: Any) -> None:
    track = page.locator(TRACK)
    assert track.count() == 1 and track.get_attribute("aria-label") == "Window of the text"
    painted = "c => { const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
    painted += " return [0, 1].map((half) => d.some((v, i) => v && i % 4 === 3"
    painted += " && ((i >> 2) % c.width >= c.width / 2) === Boolean(half))); }"
    assert track.locator("canvas").evaluate(painted) == [True, True]
    thumb, box = page.locator(".exb-overview-window").first.bounding_box(), track.bounding_box()
    assert thumb["x"] == pytest.approx(box["x"], abs=1) and thumb["width"] < box["width"] / 3


def test_the_window_is_dragged_clicked_and_moved_by_keys(site: str, visit: Visit) -> None:
    page = visit(site, text=LONG, layer=LAYER)
    arrived(page)
    track = page.locator(TRACK)
    total = int(track.get_attribute("aria-valuemax")) + WINDOW - 1
    box = track.bounding_box()

    def at(unit: float) -> tuple[float, float]:
        return box["x"] + box["width"] * unit / total, box["y"] + 15

    page.mouse.click(*at(250))
    drawn(page)
    assert window(page)[0] == pytest.approx(250 - WINDOW / 2 + 1, abs=2)  # the click is its middle
    start = window(page)[0]
    page.mouse.move(*at(start + 10))
    page.mouse.down()
    page.mouse.move(*at(start + 60), steps=3)
    page.mouse.up()
    drawn(page)
    assert window(page)[0] == pytest.approx(start + 50, abs=2)

    track.focus()
    steps = [("Home", 1), ("ArrowRight", 9), ("PageDown", 105), ("ArrowLeft", 97), ("PageUp", 1)]
    for key, first in [*steps, ("End", total - WINDOW + 1)]:
        page.keyboard.press(key)
        drawn(page)
        assert window(page)[0] == first
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
        assert track.get_attribute("aria-valuetext") == f"{first} to {first + WINDOW - 1} of {total}"


def test_keys_go_on_past_the_border(site: str, visit: Visit) -> None:
    page = visit(site, text=LONG, layer=LAYER, window=100)
    arrived(page)
    piece(page, 195).focus()
    page.keyboard.press("ArrowDown")
    drawn(page)
    assert page.evaluate("document.activeElement.dataset.token") == "196"
    assert window(page) == (124, 219)
    page.keyboard.press("PageUp")
    drawn(page)
    assert window(page)[0] == 28
    assert page.evaluate("document.activeElement.role") == "option"  # focus stays in the column
    page.locator(".exb-border[data-where='after']").click()
    drawn(page)
    assert window(page)[0] == 124
    page.go_back()
    drawn(page)
    assert window(page)[0] == 28


def test_the_window_lives_in_the_address(site: str, visit: Visit) -> None:
    page = visit(site, text=LONG, layer=LAYER, window=150, token=160)
    arrived(page)
    assert window(page)[0] == 150 and state(page)["window"] == [150]
    page.locator(TRACK).focus()
    page.keyboard.press("Home")
    settled(page, "exbert.store.values.window", [1])
    page.reload()
    page.wait_for_selector("[data-drawn]")
    arrived(page)
    assert window(page)[0] == 1  # where it was left, although the picked piece is elsewhere


def test_a_picked_piece_is_in_sight(site: str, visit: Visit) -> None:
    page = visit(site, text=LONG, layer=LAYER, token=300)
    arrived(page)
    first, last = window(page)
    assert first < 300 < last
    assert piece(page, 300).get_attribute("aria-selected") == "true"


def test_an_impossible_window_is_clamped_with_a_note(site: str, visit: Visit) -> None:
    page = visit(site, text=LONG, layer=LAYER, window=9999)
    arrived(page)
    assert "no piece 9999" in page.locator(".exb-notice").inner_text()
    assert (
        window(page)[1] + 1
        == page.evaluate("exbert.store.values.window[0]")
        == int(page.locator(TRACK).get_attribute("aria-valuemax")) + WINDOW
    )


def test_another_layer_is_asked_for_and_never_shown_stale(site: str, visit: Visit) -> None:
    page = visit(site, text=LONG, layer=LAYER)
    arrived(page)
    held: list[Any] = []
    page.route("**/component_server/**", lambda route: held.append(route))
    page.get_by_role("radiogroup", name="Layer").locator("[data-value='1']").click()
    page.wait_for_selector(".exb-veil[data-busy]")
    assert page.get_by_role("status").filter(has_text="Reading layer 1").is_visible()
    assert page.locator(".exb-links canvas").is_hidden()
    assert page.locator(".exb-from .exb-piece").count() == WINDOW  # nothing jumps
    height = page.locator(".exb-figure").bounding_box()["height"]
    choose_layer(page, LAYER)  # it is here still
    page.locator(".exb-veil").wait_for(state="hidden")  # nothing else can hide it: the answer is still held
    choose_layer(page, 1)
    page.wait_for_selector(".exb-veil[data-busy]")
    assert len(held) == 1  # asked for once
    held[0].continue_()
    arrived(page)
    assert page.locator(".exb-figure").bounding_box()["height"] == height
    assert page.locator(".exb-links canvas").is_visible()


def test_a_layer_that_does_not_come_can_be_asked_for_again(site: str, visit: Visit) -> None:
    page = visit(site, text=LONG, layer=LAYER)
    arrived(page)
    page.route("**/component_server/**", lambda route: route.fulfill(status=200, body="null"))
    choose_layer(page, 2)
    again = page.locator(".exb-veil").get_by_role("button", name="Try again")
    again.wait_for()
    assert "did not answer" in page.locator(".exb-veil").inner_text()
    page.unroute("**/component_server/**")
    again.focus()
    page.keyboard.press("Enter")
    arrived(page)
    assert page.locator(".exb-links canvas").is_visible()


def test_thumbnails_of_a_long_text(site: str, visit: Visit) -> None:
    page = visit(site, text=LONG, grid=1, layer=LAYER)
    page.wait_for_selector(".exb-thumbnail")
    assert page.locator(".exb-thumbnail").count() == 72
    page.locator("[aria-label='Layer 1, head 8']").click()
    arrived(page)
    assert (state(page)["layer"], state(page)["heads"]) == (1, [8])


def test_searches_start_anywhere_in_a_long_text(site: str, visit: Visit) -> None:
    page = visit(site, text=LONG, layer=LAYER, token=300, search=1)
    page.wait_for_selector(".exb-result")
    assert page.locator(".exb-result").count() == 50


def test_pictures_of_a_window_say_so(site: str, visit: Visit, tmp_path: Path) -> None:
    page = visit(site, text=LONG, layer=LAYER, heads="3", top=20, window=201, token=250)
    arrived(page)
    drawing = ElementTree.parse(download(page, tmp_path, "view", "Picture", "SVG")).getroot()
    said = "".join(drawing.find(f"{SVG}desc").itertext())
    leaving = count_leaving(page, "before") + count_leaving(page, "after")
    assert "pieces 201 to 296 of " in said and f"{leaving} links lead out of this window" in said
    paths = list(drawing.iter(f"{SVG}path"))
    assert len(paths) == len(links(page))
    assert drawing.find(f"{SVG}clipPath") is not None
    page.route("**/component_server/**", lambda route: None)
    choose_layer(page, 2)
    page.locator("#exb-view .exb-menu-button").click()
    page.locator("#exb-view [role=menuitem]", has_text="PictureSVG").click()
    page.wait_for_selector("text=That did not work: Reading layer 2")  # no picture of nothing


def test_a_saved_page_has_the_layers_that_were_opened(site: str, visit: Visit, chromium: Any, tmp_path: Path) -> None:
    page = visit(site, text=LONG, layer=LAYER, window=100)
    arrived(page)
    choose_layer(page, 1)
    arrived(page)
    drawn_links = page.locator(".exb-links").get_attribute("data-links")
    path = download(page, tmp_path, "view", "Whole page")
    assert "with layers 1, 3" in page.locator("#exb-view .exb-menu-said").inner_text()
    offline = Offline(chromium, path, viewport={"width": 1440, "height": 900})
    copy = offline.page
    assert copy.locator(".exb-links").get_attribute("data-links") == drawn_links
    assert window(copy)[0] == 100
    for layer in (5, LAYER):
        choose_layer(copy, layer)
        drawn(copy)
        assert copy.locator(".exb-veil").is_visible() == (layer == 5)
    choose_layer(copy, 5)
    drawn(copy)
    assert "Layer 5 is not in this saved page. It holds layers 1, 3." in copy.locator(".exb-veil").inner_text()
    copy.get_by_role("switch", name="All heads at once").click()
    copy.wait_for_selector(".exb-thumbnail")
    assert copy.locator(".exb-thumbnail").count() == 24
    assert copy.locator(".exb-grid-gap").all_inner_texts() == ["not in this saved page"] * 4
    offline.close()
