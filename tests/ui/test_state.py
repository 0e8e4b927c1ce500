"""What the user set lives in the URL; results that no longer belong to it are marked."""

from __future__ import annotations

import pytest

from .conftest import Visit
from .steps import ESCAPE, TEXT, await_results, choose_heads, choose_layer, drawn, mask, piece, received, search, state


def test_a_link_brings_everything_back(site: str, visit: Visit) -> None:
    page = visit(site)
    mask(page, ESCAPE)
    choose_layer(page, 0)
    choose_heads(page, 0, 5)
    page.get_by_role("switch", name="Hide special tokens").click()
    page.get_by_label("Share of each piece's attention").fill("35")
    page.get_by_role("radio", name="heads").click()
    search(page)
    page.get_by_label("Label of the histogram: Matched token").select_option("dep")
    page.get_by_role("radio", name="into match").click()
    before, address = state(page), page.url
    top = page.locator(".exb-result").first.inner_text()

    again = visit(site)
    again.goto(address)
    again.wait_for_selector(".exb-result")
    again.wait_for_selector(".exb-from [data-masked]")
    assert state(again) == before
    assert again.locator(".exb-result").first.inner_text() == top
    assert again.locator("#exb-sentence textarea").input_value() == TEXT


def test_any_text_survives_the_url(site: str, visit: Visit) -> None:
    text = "Ampersand & hash # percent % plus + 🦉 and שלום."
    page = visit(site, text=text, mask="1", token=0, hide=0)
    page.wait_for_selector(".exb-from [data-masked]")
    assert page.locator("#exb-sentence textarea").input_value() == text
    drawn(page)
    assert state(page)["text"] == text and state(page)["token"] == 0
    assert piece(page, 0).get_attribute("aria-selected") == "true"


def test_back_and_forward_work(site: str, visit: Visit) -> None:
    page = visit(site)
    choose_layer(page, 1)
    choose_layer(page, 5)
    page.go_back()
    page.wait_for_function("exbert.store.values.layer === 1")
    page.go_forward()
    page.wait_for_function("exbert.store.values.layer === 5")
    mask(page, ESCAPE)
    page.go_back()
    page.wait_for_selector(f".exb-from [data-token='{ESCAPE}']:not([data-masked])")
    page.go_forward()
    page.wait_for_selector(f".exb-from [data-token='{ESCAPE}'][data-masked]")


def test_an_impossible_state_is_clamped_with_a_note(site: str, visit: Visit) -> None:
    page = visit(site, layer=11, heads="2,40", token=99)
    drawn(page)
    now = state(page)
    assert (now["layer"], now["heads"], now["token"]) == (5, [2], None)
    note = page.locator(".exb-notice").inner_text()
    assert "layers 0 to 5" in note and "40" in note and "99" in note


@pytest.mark.parametrize(
    ("asked", "said"),
    [({"mask": "99"}, "99"), ({"stack": "decoder"}, "no decoder stack"), ({"ablate": "9-9"}, "9")],
    ids=["mask", "stack", "ablate"],
)
def test_a_text_is_shown_without_what_it_has_not_got(
    site: str, visit: Visit, asked: dict[str, str], said: str
) -> None:
    page = visit(site, **asked, layer=2)
    page.wait_for_selector("#exb-view [data-drawn]")
    assert said in page.locator(".exb-notice").inner_text()
    now = state(page)
    assert (now["mask"], now["stack"], now["ablate"], now["layer"]) == ([], "", [], 2)


def test_a_filter_comes_back_with_the_link_and_the_back_button(site: str, visit: Visit) -> None:
    # of a profile of its own, whose history is not full
    page = visit(site, fresh=True, token=ESCAPE, layer=2, mask=ESCAPE, search=1)
    page.wait_for_selector(".exb-result")
    page.locator("[data-of='match'] [data-label='VERB']").click()
    kept, length = page.locator(".exb-result").count(), page.evaluate("history.length")
    assert 0 < kept < 50
    page.go_back()
    page.wait_for_function("exbert.store.values.filter === ''")
    before = received(page)
    page.go_forward()
    await_results(page, before)
    assert state(page)["filter"] == "match:pos:VERB" and page.evaluate("history.length") == length
    assert page.locator(".exb-result").count() == kept

    again = visit(site)
    again.goto(page.url)
    again.wait_for_selector("[data-of='match'] [data-label='VERB'][aria-pressed='true']")
    assert again.locator(".exb-result").count() == kept


def test_labels_that_the_results_have_not_got_are_replaced_with_a_note(site: str, visit: Visit) -> None:
    asked = {"filter": "match:pos:NOBODY", "match": "mood", "colour": "mood", "span": 100}
    page = visit(site, token=ESCAPE, layer=2, search=1, **asked)
    page.wait_for_selector(".exb-result")
    now = state(page)
    assert (now["filter"], now["match"], now["colour"], now["span"]) == ("", "pos", "pos", 9)
    assert page.locator(".exb-result").count() == 50
    assert "“match:pos:NOBODY”" in page.locator(".exb-evidence").inner_text()
    assert "100 was asked for" in page.locator(".exb-notice").inner_text()


def test_a_search_that_cannot_be_is_said(site: str, visit: Visit) -> None:
    page = visit(site, token=ESCAPE, layer="emb", by="heads", search=1)
    assert "Nothing was searched: The input embeddings have no heads" in page.locator(".exb-notice").inner_text()


def test_results_are_marked_stale_at_once_and_fresh_again(site: str, visit: Visit) -> None:
    page = visit(site, token=ESCAPE, layer=2, search=1)
    page.wait_for_selector(".exb-result")
    assert not page.locator(".exb-stale-note").is_visible()
    choose_layer(page, 4)
    assert page.locator(".exb-evidence[data-stale] .exb-stale-note").is_visible()
    choose_layer(page, 2)
    assert not page.locator(".exb-stale-note").is_visible()
    choose_layer(page, 4)
    before = received(page)
    page.get_by_role("button", name="Search corpus").click()
    await_results(page, before)
    assert not page.locator(".exb-stale-note").is_visible()
    mask(page, ESCAPE)
    assert page.locator(".exb-stale-note").is_visible()


def test_haste_ends_where_the_last_wish_was(site: str, visit: Visit) -> None:
    page = visit(site)
    for token in (2, 3, 5, 9):  # faster than the model can follow
        page.evaluate(
            "(t) => document.querySelector(`.exb-from [data-token='${t}']`).dispatchEvent("
            "new MouseEvent('dblclick', { bubbles: true }))",
            token,
        )
    page.wait_for_function("document.querySelectorAll('.exb-from [data-masked]').length === 4")
    assert state(page)["mask"] == [2, 3, 5, 9]
    page.wait_for_selector(".exb-mount:not([data-busy]) .exb-figure")


def test_two_visitors_never_see_each_other(site: str, visit: Visit) -> None:
    one, two = visit(site, text="A cat sat."), visit(site, text="The owl flew.")
    for page, word in ((one, "cat"), (two, "owl")):
        page.locator(".exb-from [data-token]", has_text=word).first.wait_for()
        page.locator(".exb-from [data-token]", has_text=word).first.dblclick()
        page.wait_for_selector(".exb-from [data-masked]")
    assert "owl" not in one.locator("#exb-view").inner_text()
    assert "cat" not in two.locator("#exb-view").inner_text()
