"""The tour: three links on the embedded demo, and every number that it names is what the page shows."""

from __future__ import annotations

import re
from typing import Any

import pytest

from .conftest import Serve, Visit
from .steps import await_results, drawn, links, received, settled, state


@pytest.fixture(scope="module")
def demo_site(serve: Serve) -> str:
    """The page as `launch()` shows it: all of the demo's corpus."""
    return serve()


def follow(page: Any, name: str) -> list[str]:
    """Clicks a case and returns its sentences, once its results are there."""
    before = received(page)
    page.get_by_role("link", name=name).click()
    await_results(page, before)
    return page.locator(".exb-tour-text li").all_inner_texts()


def bars(page: Any, of: str) -> dict[str, tuple[int, str, str]]:
    """Count, base rate and lift by label, of a histogram on the page."""
    histogram = page.locator(f".exb-histogram[data-of='{of}']")
    if (more := histogram.get_by_text(re.compile(r"^\d+ more$"))).count():
        more.click()
    found = {}
    for bar in page.locator(f".exb-histogram[data-of='{of}'] .exb-bar").all():
        names = ("label", "count", "base-rate", "lift")
        label, count, base, lift = (bar.locator(f".exb-bar-{name}").inner_text() for name in names)
        found[label] = int(count), base, lift
    return found


def test_behind_the_mask(demo_site: str, visit: Visit) -> None:
    page = visit(demo_site)
    sentences = follow(page, "Behind the mask")
    page.wait_for_selector(".exb-profile")
    query = "({ query: exbert.store.profiled ?? {}, field: 'pos' })"
    layers = page.evaluate(f"() => exbert.parts.evidence.server.profile({query})")["layers"]
    counts = {layer["layer"]: {bar["label"]: bar["count"] for bar in layer["bars"]} for layer in layers}
    assert "45 of them are determiners and none is a verb" in sentences[1]
    assert counts["emb"]["DET"] == 45 and "VERB" not in counts["emb"]
    assert "From layer 1 on at least 40 of 50 are verbs" in sentences[2]
    assert min(counts[layer]["VERB"] for layer in range(1, 6)) == 40
    assert page.locator(".exb-from [data-masked]").count() == 1


def test_behind_the_heads(demo_site: str, visit: Visit) -> None:
    page = visit(demo_site)
    sentences = follow(page, "Behind the heads")
    match, attended = bars(page, "match"), bars(page, "max_attention")
    assert "28 of the 50 matches are adverbial clauses (advcl)" in sentences[0] and match["advcl"][0] == 28
    assert "In 46 of 50" in sentences[1] and "(aux), 11 times" in sentences[1]
    assert attended["aux"][0] == 46 and attended["aux"][2] == "11×"
    words = page.eval_on_selector_all(".exb-attended", "all => all.map(one => one.textContent.toLowerCase())")
    assert words.count("to") > 40
    assert "25 are left of the 28" in sentences[2] and "switch head 2 on" in sentences[2]
    before = received(page)
    page.locator(".exb-chip[data-head='2']").click()
    page.get_by_role("button", name="Search corpus").click()
    await_results(page, before)
    assert bars(page, "match")["advcl"][0] == 25


def test_behind_the_position(demo_site: str, visit: Visit) -> None:
    page = visit(demo_site)
    sentences = follow(page, "Behind the position")
    drawn(page)
    edges = links(page)
    assert edges == [(7, 6)] and "leads to the piece before it" in sentences[0]
    assert page.locator(".exb-from [aria-selected='true']").inner_text() == "pu"
    offsets = bars(page, "max_attention")
    assert "in 50 of 50 matches" in sentences[1] and "offset -1" in sentences[1]
    assert list(offsets) == ["-1"] and offsets["-1"][0] == 50
    assert "base rate, 95%" in sentences[2] and offsets["-1"][1] == "95%"


def test_a_case_is_a_link_and_back_returns(demo_site: str, visit: Visit) -> None:
    page = visit(demo_site)
    start = state(page)
    follow(page, "Behind the heads")
    address = page.url
    assert "heads=8" in address and page.locator(".exb-tour-link[aria-current='step']").count() == 1
    page.go_back()
    settled(page, "exbert.store.values.by", start["by"])
    page.wait_for_selector(".exb-from:not(:has([data-masked]))")
    link = visit(demo_site)
    link.goto(address)
    link.wait_for_selector(".exb-result")
    assert state(link)["heads"] == [8] and link.locator(".exb-from [data-masked]").count() == 1


def test_it_is_closed_and_found_again_by_keyboard(demo_site: str, visit: Visit) -> None:
    page = visit(demo_site)
    page.get_by_role("link", name="Behind the mask").focus()
    page.keyboard.press("Escape")
    assert not page.locator(".exb-tour").is_visible()
    page.reload()
    page.wait_for_selector("[data-drawn]")
    button = page.locator("#exb-setup").get_by_role("button", name="Tour")
    button.wait_for()
    assert not page.locator(".exb-tour").is_visible()
    button.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.textContent") == "Behind the mask"
    page.keyboard.press("Enter")
    page.wait_for_selector(".exb-result")
    assert page.locator(".exb-tour-text li").count() == 3


def test_it_is_there_for_the_demo_only(site: str, visit: Visit) -> None:
    page = visit(site)  # the demo's model, another index
    page.locator("#exb-setup .exb-combo-input").wait_for()
    assert not page.locator(".exb-tour").is_visible()
    assert not page.get_by_role("button", name="Tour").is_visible()
