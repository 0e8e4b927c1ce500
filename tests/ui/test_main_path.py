"""The one job of the page, from a typed sentence to read evidence."""

from __future__ import annotations

from typing import Any

from .conftest import Visit
from .steps import ESCAPE, TEXT, choose_heads, choose_layer, drawn, mask, piece, search, state


def type_sentence(page: Any, text: str) -> None:
    box = page.locator("#exb-sentence textarea")
    box.fill(text)
    box.press("Enter")
    page.wait_for_function("(text) => exbert.store.values.text === text", arg=text)
    page.wait_for_selector(".exb-mount:not([data-busy]) .exb-figure")


def test_from_a_sentence_to_evidence(site: str, visit: Visit) -> None:
    page = visit(site)
    type_sentence(page, "He dug a hole with a spade.")
    assert "hole" in page.locator(".exb-pieces.exb-from").inner_text()
    type_sentence(page, TEXT)
    mask(page, ESCAPE)
    assert piece(page, ESCAPE).inner_text() == "[MASK]"
    assert page.locator(".exb-prediction").count() == 5
    choose_layer(page, 2)
    search(page)

    scores = [float(score) for score in page.locator(".exb-score").all_inner_texts()]
    assert len(scores) == 50
    assert scores == sorted(scores, reverse=True) and -1 <= scores[-1] < scores[0] <= 1
    results = page.locator(".exb-result")
    assert results.locator(".exb-match").count() == 50
    assert results.locator(".exb-attended").count() == 50
    assert "escape masked by embedding at layer 2" in page.locator(".exb-heading").inner_text()

    verb = page.locator(".exb-histogram[data-of='match'] [data-label='VERB']")
    count = int(verb.locator(".exb-bar-count").inner_text())
    assert count > 25
    assert verb.locator(".exb-bar-share").inner_text() == f"{2 * count}%"
    assert verb.locator(".exb-bar-lift").inner_text().endswith("×")


def test_search_by_heads(site: str, visit: Visit) -> None:
    page = visit(site)
    piece(page, ESCAPE).click()
    choose_layer(page, 1)
    choose_heads(page, 8)
    page.get_by_role("radio", name="heads").click()
    search(page)
    assert "escape by heads 1-[8]" in page.locator(".exb-heading").inner_text()
    # head 1-8 of the embedded model looks at the next piece
    page.get_by_label("Label of the histogram: Token it attends to most").select_option("offset")
    ahead = page.locator(".exb-histogram[data-of='max_attention'] [data-label='1'] .exb-bar-count")
    assert int(ahead.inner_text()) > 40


def test_every_token_of_a_result_tells_its_annotation(site: str, visit: Visit) -> None:
    page = visit(site, token=ESCAPE, search=1)
    page.wait_for_selector(".exb-result")
    page.locator(".exb-result").first.locator(".exb-match").hover()
    tip = page.locator("#exb-evidence .exb-tooltip")
    tip.wait_for()
    shown = tip.inner_text()
    for name in ("POS", "DEP", "NER", "lemma", "attention"):
        assert name in shown


def test_without_an_index_the_attention_view_works_and_the_page_says_how_to_get_one(
    bare_site: str, visit: Visit
) -> None:
    page = visit(bare_site)
    mask(page, ESCAPE)
    assert page.locator(".exb-links canvas").is_visible()
    assert "hf-exbert build" in page.locator("#exb-evidence").inner_text()
    assert "CorpusIndex.build" in page.locator("#exb-evidence").inner_text()
    assert page.get_by_role("button", name="Search corpus").is_disabled()


def test_errors_are_told_on_the_page_and_leave_it_usable(site: str, visit: Visit) -> None:
    page = visit(site)
    box = page.locator("#exb-sentence textarea")
    box.fill("word " * 600)  # more than the model takes
    box.press("Enter")
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert "too long" in alert.inner_text() and "Traceback" not in alert.inner_text()
    drawn(page)
    assert state(page)["text"] == TEXT  # what is shown is still what the page says is shown
    mask(page, ESCAPE)


def test_markup_in_a_sentence_stays_text(site: str, visit: Visit) -> None:
    page = visit(site)
    type_sentence(page, "<img src=x onerror=alert(1)> ${1+1} {{value}} `tick`")
    assert page.locator(".exb-view img").count() == 0
    assert "${" not in page.title()
    pieces = page.locator(".exb-pieces.exb-from").inner_text().replace("\n", " ")
    assert "$ { 1 + 1 }" in pieces and "{ { value } }" in pieces.replace("##", "").replace("val ue", "value")
