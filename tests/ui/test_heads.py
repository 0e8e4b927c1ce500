"""Find a head in the heat map and use it; the page of a head, alone in somebody else's page too."""

from __future__ import annotations

from typing import Any

import pytest

from exbert_hub import CorpusIndex

from .conftest import Visit
from .steps import fits, looks, state

CELL = ".exb-heat-cell"


@pytest.fixture(scope="module")
def index(index_folder: Any) -> CorpusIndex:
    return CorpusIndex.from_pretrained(index_folder)


def open_map(page: Any) -> None:
    page.get_by_role("button", name="Find a head").click()
    page.wait_for_selector(f".exb-finder:not([data-busy]) {CELL}")


def choose(page: Any, **labels: str) -> None:
    for name, value in labels.items():
        page.get_by_label(name, exact=True).select_option(value)
        page.wait_for_selector(f".exb-finder:not([data-busy]) {CELL}")


def test_choose_a_measure_and_click_a_head_to_use_it(site: str, visit: Visit, index: CorpusIndex) -> None:
    page = visit(site)
    open_map(page)
    choose(page, Measure="dependency", Direction="to_head", Label="det")
    page.wait_for_selector(".exb-heat[aria-label*='det']")
    assert state(page)["finder"] == "dependency:to_head:det"
    found = index.heads("det", "dependency", "to_head")
    cells = page.eval_on_selector_all(CELL, "cs => Object.fromEntries(cs.map(c => [c.dataset.name, c.textContent]))")
    assert cells == {score.name: f"{int(100 * score.value + 0.5)}" for score in found}
    shown = page.eval_on_selector_all(CELL, "cs => cs.filter(c => 'chance' in c.dataset).map(c => c.dataset.name)")
    assert set(shown) == {score.name for score in found if not score.significant} and shown
    best = page.locator(".exb-finder-head").first
    assert best.get_attribute("data-name") == found[0].name
    best.click()
    page.wait_for_selector(".exb-finder-examples li")
    chosen = state(page)
    assert (chosen["layer"], chosen["heads"], chosen["by"]) == (found[0].layer, [found[0].head], "heads")
    assert page.locator(f"{CELL}[aria-selected='true']").get_attribute("data-name") == found[0].name
    examples = index.head_examples(found[0].layer, found[0].head, "dependency", "det", "to_head")
    assert page.locator(".exb-finder-examples li").count() == len(examples) == 3
    assert page.locator(".exb-head-source").first.inner_text() == examples[0].words[0]


def test_the_map_is_operable_by_keyboard_and_lives_in_the_address(site: str, visit: Visit) -> None:
    page = visit(site, finder="offset::-1")
    page.wait_for_selector(CELL)
    assert page.locator(CELL).count() == 72 and page.locator(f"{CELL}[tabindex='0']").count() == 1
    assert page.locator(CELL).first.get_attribute("aria-label").startswith("Head 0-0: ")
    page.locator(f"{CELL}[tabindex='0']").focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.dataset.name") == "2-1"
    page.keyboard.press("Enter")
    page.wait_for_selector(".exb-finder-said")
    assert state(page)["heads"] == [1]
    page.get_by_role("button", name="All about head 2-1").click()
    page.wait_for_selector(".exb-head-scores")
    assert "head=2-1" in page.url
    page.get_by_role("button", name="Close the heat map").click()
    assert page.locator(".exb-finder").is_hidden() and "finder" not in page.url


def test_a_link_to_a_head_opens_its_page(site: str, visit: Visit, index: CorpusIndex) -> None:
    page = visit(site, head="3-8")
    page.wait_for_selector(".exb-head-scores")
    about = index.head(3, 8)
    shown = {
        node.get_attribute("data-score"): node.locator("dd").inner_text()
        for node in page.locator("[data-score]").all()
    }
    assert shown["distance"] == f"{about.pattern.distance:.1f}" and shown["induction"].endswith("%")
    assert f"all {about.sentences} sentences" in page.locator(".exb-headpage").inner_text()
    keys = page.locator("[data-side='keys'][data-field='dep'] .exb-head-label").all_inner_texts()
    assert keys == [top.label for top in about.keys["dep"]][:8]
    assert page.locator(".exb-head-bucket").count() == 5
    more = page.get_by_role("button", name=f"{len(about.scores) - 12} more")
    more.click()
    assert page.locator(".exb-head-measures tr").count() == len(about.scores)
    page.get_by_role("button", name="Use it").click()
    assert (state(page)["layer"], state(page)["heads"], state(page)["by"]) == (3, [8], "heads")


def test_arrow_keys_show_where_a_piece_attends(site: str, visit: Visit) -> None:
    page = visit(site, head="3-8")
    page.wait_for_selector(".exb-head-sentence")
    sentence = page.locator(".exb-head-bucket").last.locator(".exb-head-sentence").first
    before = sentence.locator("[data-source]").get_attribute("data-piece")
    sentence.focus()
    page.keyboard.press("ArrowLeft")
    assert sentence.locator("[data-source]").get_attribute("data-piece") == str(int(before) - 1)


def test_a_head_alone_for_other_pages(site: str, visit: Visit) -> None:
    page = visit(site, head="3-8")
    page.wait_for_selector(".exb-head-scores")
    code = page.evaluate(
        "exbert.headpage.frame(exbert.headpage.address({model: '', index: ''}, '3-8', true), 'a \"head\"')"
    )
    assert "head=3-8&amp;embed=1" in code and "a &quot;head&quot;" in code
    page.goto(f"{site}/?head=3-8&embed=1")
    page.wait_for_selector(".exb-head-scores")
    for hidden in (".exb-masthead", ".exb-ask", "#exb-view", ".exb-evidence > .exb-title"):
        assert not page.locator(hidden).first.is_visible(), hidden
    assert page.get_by_role("link", name="Open in exBERT").get_attribute("href").endswith("?head=3-8")


def test_a_head_that_is_not_there_is_told(site: str, visit: Visit) -> None:
    page = visit(site, head="9-9")
    page.wait_for_selector(".exb-headpage .exb-error")
    assert "layers 0 to 5" in page.locator(".exb-headpage").inner_text()


def test_it_fits(site: str, visit: Visit) -> None:
    page = visit(site, head="3-8", finder="dependency:to_head:det")
    page.wait_for_selector(".exb-head-scores")
    page.wait_for_selector(CELL)
    for look in looks(page):
        assert fits(page), look
