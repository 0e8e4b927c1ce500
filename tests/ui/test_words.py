"""Pieces grouped by word: one row per word, attention to it summed, from it averaged."""

from __future__ import annotations

import numpy as np
import pytest

from exbert_hub import Inspector, demo
from exbert_hub.analysis.attention import aggregate, decode_sqrt, encode_sqrt

from ..page_maths import merge_words, top_edges
from .conftest import Visit
from .steps import LOADED, TEXT, drawn, fits, links, looks, mask, piece, settled, state

LAYER, PUB = 3, 7  # "pub" is the pieces 7 and 8
WORDS = TEXT[:-1].lower().split() + ["."]


@pytest.fixture(scope="module")
def merged() -> np.ndarray:
    """[H, W, W] between words, special tokens included."""
    attention = decode_sqrt(encode_sqrt(Inspector.from_pretrained(demo.MODEL).inspect(TEXT).attention[LAYER]))
    words = [0, *range(1, 8), *range(7, 17)]  # two pieces for "pub"
    return merge_words(attention, words, words)


def shown(page: object, side: str = "from") -> list[str]:
    return [text.lower() for text in page.locator(f".exb-{side} .exb-piece").all_inner_texts()]  # type: ignore[attr-defined]


@pytest.mark.parametrize(("theme", "size"), LOADED)
def test_words_on_demand(site: str, visit: Visit, merged: np.ndarray, theme: str, size: tuple[int, int]) -> None:
    page = visit(site, theme=theme, size=size, layer=LAYER, heads="3,7", top=40)
    assert "##b" in shown(page)
    switch = page.get_by_role("switch", name="Words")
    switch.focus()
    page.keyboard.press("Space")
    drawn(page)
    assert switch.get_attribute("aria-checked") == "true"
    assert shown(page) == shown(page, "to") == WORDS
    visible = np.ones(len(merged[0]), bool)
    visible[[0, -1]] = False
    expected = np.argwhere(top_edges(aggregate(merged, [3, 7]), 0.4, visible))
    assert sorted(links(page)) == [tuple(pair) for pair in expected.tolist()]
    assert all(fits(page) for _ in looks(page))
    assert "words=1" in page.url
    page.go_back()
    drawn(page)
    assert "##b" in shown(page)


def test_a_word_is_picked_predicted_and_searched_by_its_first_piece(site: str, visit: Visit) -> None:
    page = visit(site, layer=LAYER, words=1)
    seen = Inspector.from_pretrained(demo.MODEL).inspect(TEXT)
    piece(page, 7).click()
    drawn(page)
    assert state(page)["token"] == seen.find("pub")[0] == PUB
    assert page.locator(".exb-prediction-text").all_inner_texts() == [one.text for one in seen.predictions(PUB)]
    assert "pieces 7–8" in page.locator(".exb-token").inner_text()
    page.keyboard.press("Enter")
    page.wait_for_selector(".exb-result")
    assert page.evaluate("exbert.store.searched.token") == PUB


def test_a_later_piece_becomes_the_first_of_its_word(site: str, visit: Visit) -> None:
    page = visit(site, layer=LAYER, token=PUB + 1)
    page.get_by_role("switch", name="Words").click()
    settled(page, "exbert.store.values.token", PUB)
    drawn(page)
    assert page.locator(".exb-piece[aria-selected='true']").inner_text() == "pub"
    linked = visit(site, layer=LAYER, token=PUB + 1, words=1)
    settled(linked, "exbert.store.values.token", PUB)


def test_a_word_is_masked_as_a_whole(site: str, visit: Visit) -> None:
    page = visit(site, layer=LAYER, words=1)
    mask(page, 7)
    assert state(page)["mask"] == [PUB, PUB + 1]
    assert piece(page, 7).inner_text() == "[MASK][MASK]"
    piece(page, 7).dblclick()
    page.wait_for_selector(".exb-from [data-token='7']:not([data-masked])")
    assert state(page)["mask"] == []


def test_head_matrices_are_of_words(site: str, visit: Visit, merged: np.ndarray) -> None:
    page = visit(site, layer=LAYER, words=1, token=PUB, side="to")
    drawn(page)
    height = page.locator("canvas.exb-matrix.exb-from").evaluate("c => c.clientHeight")
    assert height == 24 * len(WORDS)
