"""The attention view, row by row: curves, slider, special tokens, head matrices, tokens."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from exbert_hub import Inspector, demo
from exbert_hub.analysis.attention import aggregate, decode_sqrt, encode_sqrt

from ..page_maths import head_matrices, top_edges
from .conftest import Visit
from .steps import ESCAPE, TEXT, choose_heads, drawn, links, mask, painted_links, piece, settled, state

LAYER = 3


@pytest.fixture(scope="module")
def attention() -> np.ndarray:
    """[H, N, N] of one layer as it reaches the browser, from the Python API."""
    seen = Inspector.from_pretrained(demo.MODEL).inspect(TEXT)
    return decode_sqrt(encode_sqrt(seen.attention[LAYER]))


def visible(attention: np.ndarray, hide: bool = True) -> np.ndarray:
    shown = np.ones(attention.shape[-1], bool)
    if hide:
        shown[[0, -1]] = False
    return shown


def expected(attention: np.ndarray, heads: list[int], share: float, hide: bool = True) -> list[tuple[int, int]]:
    edges = top_edges(aggregate(attention, heads), share, visible(attention, hide))
    return sorted((int(row), int(col)) for row, col in np.argwhere(edges))


def test_curves_are_the_sum_over_the_chosen_heads_up_to_the_top_percent(
    site: str, visit: Visit, attention: np.ndarray
) -> None:
    page = visit(site, layer=LAYER, heads="3,7", top=40)
    assert sorted(links(page)) == expected(attention, [3, 7], 0.4)
    page.get_by_label("Share of each piece's attention").fill("20")
    drawn(page)
    assert sorted(links(page)) == expected(attention, [3, 7], 0.2)


def test_opacity_is_scaled_by_the_largest_shown(site: str, visit: Visit, attention: np.ndarray) -> None:
    page = visit(site, layer=LAYER, heads="3", top=30)
    matrix = aggregate(attention, [3])
    pairs = expected(attention, [3], 0.3)
    largest = max(matrix[pair] for pair in pairs)
    shown = painted_links(page)
    assert max(opacity for *_, opacity in shown) == 1
    for row, col, opacity in shown:
        assert opacity == pytest.approx(matrix[row, col] / largest, abs=1e-3)


def test_hiding_special_tokens_removes_their_rows_and_columns(site: str, visit: Visit, attention: np.ndarray) -> None:
    page = visit(site, layer=LAYER, heads="3", top=30)
    assert page.get_by_role("switch", name="Hide special tokens").get_attribute("aria-checked") == "true"
    assert "[CLS]" not in page.locator(".exb-pieces.exb-from").inner_text()
    page.get_by_role("switch", name="Hide special tokens").click()
    drawn(page)
    assert "[CLS]" in page.locator(".exb-pieces.exb-from").inner_text()
    assert sorted(links(page)) == expected(attention, [3], 0.3, hide=False)


def test_many_links_are_drawn_on_a_canvas(site: str, visit: Visit) -> None:
    page = visit(site, layer=LAYER, top=100)
    assert int(page.locator(".exb-links").get_attribute("data-links")) == 16 * 16
    painted = page.evaluate(
        "() => { const c = document.querySelector('.exb-links canvas');"
        " return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v) => v > 0); }"
    )
    assert painted


def test_hovering_left_shows_what_goes_out_and_right_what_comes_in(
    site: str, visit: Visit, attention: np.ndarray
) -> None:
    page = visit(site, layer=LAYER, heads="3")
    every = expected(attention, [3], 0.7)
    piece(page, 5, "from").hover()
    drawn(page)
    assert sorted(links(page)) == [pair for pair in every if pair[0] == 5]
    piece(page, 5, "to").hover()
    drawn(page)
    assert sorted(links(page)) == [pair for pair in every if pair[1] == 5]
    page.mouse.move(2, 2)
    drawn(page)
    assert sorted(links(page)) == every


def test_hovering_shows_predictions_for_that_place(site: str, visit: Visit) -> None:
    page = visit(site)
    seen = Inspector.from_pretrained(demo.MODEL).inspect(TEXT)
    piece(page, ESCAPE).hover()
    drawn(page)
    shown = page.locator(".exb-prediction-text").all_inner_texts()
    assert shown == [one.text for one in seen.predictions(ESCAPE)]
    assert "predicts here" in page.locator(".exb-token").inner_text()


def matrix_pixels(page: Any, side: str, rows: int, heads: int) -> np.ndarray:
    """How far each cell is from the ground colour, 0 to 1 of the strongest cell."""
    pixels = page.evaluate(
        """([side, rows, heads]) => {
          const canvas = document.querySelector(`canvas.exb-${side}`), pen = canvas.getContext("2d");
          const cell = [];
          for (let row = 0; row < rows; row++) for (let head = 0; head < heads; head++) {
            const x = (head + 0.4) * canvas.width / heads, y = (row + 0.5) * canvas.height / rows;
            cell.push([...pen.getImageData(x, y, 1, 1).data]);
          }
          return cell;
        }""",
        [side, rows, heads],
    )
    return np.asarray(pixels, float)[:, :3].reshape(rows, heads, 3)


def test_head_matrices_are_mean_attention_out_and_in(site: str, visit: Visit, attention: np.ndarray) -> None:
    page = visit(site, layer=LAYER)
    drawn(page)
    out, into = head_matrices(attention, visible(attention))
    for side, values in (("from", out[1:-1]), ("to", into[1:-1])):
        red = matrix_pixels(page, side, *values.shape)[..., 0]  # falls linearly from the ground to the accent colour
        ground, accent = 0xEE, 0x3D
        np.testing.assert_allclose((ground - red) / (ground - accent), values / values.max(), atol=0.02)


def test_a_picked_token_fills_the_opposite_matrix(site: str, visit: Visit, attention: np.ndarray) -> None:
    page = visit(site, layer=LAYER, token=ESCAPE)
    drawn(page)
    own = attention[:, ESCAPE, 1:-1].T
    red = matrix_pixels(page, "to", *own.shape)[..., 0]
    np.testing.assert_allclose((0xEE - red) / (0xEE - 0x3D), own / own.max(), atol=0.02)


def test_hovering_a_head_shows_its_curves_alone_and_its_name(site: str, visit: Visit, attention: np.ndarray) -> None:
    page = visit(site, layer=LAYER, top=30)
    canvas = page.locator("canvas.exb-matrix.exb-to")
    box = canvas.bounding_box()
    canvas.hover(position={"x": box["width"] * 4.5 / 12, "y": 30})
    drawn(page)
    assert sorted(links(page)) == expected(attention, [4], 0.3)
    assert page.locator("#exb-view .exb-tooltip").inner_text() == "head 3-4"
    page.mouse.move(2, 2)
    drawn(page)
    page.locator(".exb-chip[data-head='9']").hover()
    drawn(page)
    assert sorted(links(page)) == expected(attention, [9], 0.3)


def test_heads_toggle_all_none_invert_and_off_is_grey(site: str, visit: Visit) -> None:
    page = visit(site, layer=LAYER)
    page.locator("canvas.exb-matrix.exb-from").click(position={"x": 2, "y": 30})
    settled(page, "exbert.store.values.heads", list(range(1, 12)))
    page.mouse.move(2, 2)
    drawn(page)
    first, second = matrix_pixels(page, "from", 16, 12)[:, :2].transpose(1, 0, 2)
    assert np.ptp(first, axis=1).max() < 16  # grey: nearly equal red, green and blue
    assert np.ptp(second, axis=1).max() > 60
    page.locator("[data-bulk='invert']").click()
    settled(page, "exbert.store.values.heads", [0])
    page.locator("[data-bulk='none']").click()
    drawn(page)
    assert links(page) == []
    page.locator("[data-bulk='all']").click()
    settled(page, "exbert.store.values.heads", None)
    choose_heads(page, 2, 11)


def test_click_pins_one_token_and_a_second_click_releases(site: str, visit: Visit) -> None:
    page = visit(site)
    for token in (3, 7):
        piece(page, token).click()
        drawn(page)
        assert page.locator(".exb-piece[aria-selected='true']").count() == 1
        assert state(page)["token"] == token
    piece(page, 7).click()
    drawn(page)
    assert page.locator(".exb-piece[aria-selected='true']").count() == 0


def test_a_double_click_masks_once_and_never_searches(site: str, visit: Visit) -> None:
    page = visit(site, click=1)
    page.evaluate("exbert.searches = 0; exbert.bus.addEventListener('search', () => exbert.searches++)")
    mask(page, ESCAPE)
    assert piece(page, ESCAPE).inner_text() == "[MASK]"
    assert state(page)["mask"] == [ESCAPE]
    page.wait_for_timeout(400)  # longer than a click waits for its second half
    assert page.evaluate("exbert.searches") == 0
    piece(page, 3).click()
    page.wait_for_selector(".exb-result")
    assert page.evaluate("exbert.searches") == 1


def test_several_tokens_can_be_masked_and_unmasked(site: str, visit: Visit) -> None:
    page = visit(site)
    mask(page, ESCAPE)
    mask(page, 2)
    assert state(page)["mask"] == [2, ESCAPE]
    piece(page, ESCAPE).dblclick()
    page.wait_for_selector(f".exb-from [data-token='{ESCAPE}']:not([data-masked])")
    assert state(page)["mask"] == [2]


def test_a_special_token_cannot_be_masked_and_the_page_says_why(site: str, visit: Visit) -> None:
    page = visit(site, hide=0)
    piece(page, 0).dblclick()
    page.get_by_role("alert").wait_for()
    assert "cannot be masked" in page.get_by_role("alert").inner_text()
    assert state(page)["mask"] == []


def test_the_input_embeddings_have_no_attention_and_can_be_searched(site: str, visit: Visit) -> None:
    page = visit(site, layer="emb", token=ESCAPE)
    drawn(page)
    assert page.locator(".exb-links canvas").is_hidden()
    page.get_by_role("button", name="Search corpus").click()
    page.wait_for_selector(".exb-result")
    assert "by input embedding" in page.locator(".exb-heading").inner_text()
    assert page.locator(".exb-attended").count() == 0
