"""Any model, from the page: of the Hub or of a folder; what is wrong with one is told, and nobody else notices."""

from __future__ import annotations

from typing import Any

import pytest

from exbert_hub import demo

from ..hub.conftest import client, folder, inspector, server, share, share_model  # noqa: F401  # fixtures
from ..tiny_models import tiny_gpt2_dir
from .conftest import Visit
from .steps import await_results, drawn, fits, looks, mask, piece, received, settled, state


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return tiny_gpt2_dir(tmp_path_factory.mktemp("models") / "tiny-gpt2")


def choose(page: Any, model: str) -> None:
    box = page.get_by_role("combobox", name="Model")
    box.fill(model)
    box.press("Enter")


def shows(page: Any, name: str) -> None:
    page.wait_for_selector(f"#exb-view h2:text-is('{name}')")
    page.wait_for_selector(".exb-mount:not([data-busy]) .exb-figure")


def test_a_model_of_the_hub_with_its_shared_index(server, client, folder, gpt2, page_of, visit: Visit) -> None:  # noqa: F811
    share_model(server, "alice/mini", demo.MODEL)
    share_model(server, "alice/tiny-gpt2", gpt2)
    share(server, "alice/tales", folder)
    site, _ = page_of(client("alice"), gpt2)
    page = visit(site, layer=1, token=2)
    assert page.get_by_text("No corpus index is open").is_visible()
    choose(page, "alice/mini")
    page.get_by_text("Loading alice/mini").wait_for()
    shows(page, "alice/mini")
    page.locator("#exb-evidence h2", has_text="tales").wait_for()
    now = state(page)
    assert now["model"] == "alice/mini" and now["token"] is None and now["layer"] == 3
    assert "model=alice%2Fmini" in page.url
    page.go_back()
    shows(page, "tiny-gpt2")
    page.get_by_text("No corpus index is open").wait_for()
    page.go_forward()
    shows(page, "alice/mini")
    page.locator("#exb-evidence h2", has_text="tales").wait_for()
    mask(page, 10)  # this model can
    before = received(page)
    page.locator("[data-value='0']").first.click()
    page.get_by_role("button", name="Search corpus").click()
    await_results(page, before)

    other = visit(site)  # another visitor of the same page, with the page's own model
    piece(other, 2).dblclick()
    other.get_by_role("alert").wait_for()
    assert "Causal models" in other.get_by_role("alert").inner_text()

    again = visit(site)
    again.goto(page.url)  # a link brings model, mask and results back
    again.wait_for_selector(".exb-result")
    shows(again, "alice/mini")
    assert again.get_by_role("combobox", name="Model").input_value() == "alice/mini"


def test_what_is_wrong_with_a_model_is_told_and_the_page_stays(server, client, gpt2, page_of, visit: Visit) -> None:  # noqa: F811
    share_model(server, "bob/secret", gpt2, gated=True)
    site, _ = page_of(client("reader", token=None))
    page = visit(site, layer=5)
    for model, reason in (
        ("bob/nothing", "There is no model bob/nothing on the Hub"),
        ("bob/secret", "bob/secret is gated"),
        ("/no/such/folder", "is not available here"),
    ):
        choose(page, model)
        alert = page.get_by_role("alert")
        alert.get_by_text(reason).wait_for()
        drawn(page)
        assert state(page)["model"] == "" and state(page)["layer"] == 5
        assert page.get_by_role("combobox", name="Model").input_value() == "exbert-mini"
        assert page.locator(".exb-from .exb-piece").count() > 10
        page.get_by_role("button", name="Dismiss").click()
    choose(page, str(gpt2))  # at home a folder is a model too
    shows(page, "tiny-gpt2")


def test_a_link_to_a_model_that_is_not_there_shows_the_pages_own(site: str, visit: Visit) -> None:
    page = visit(site, model="no/such-model", index="built-x", layer=2, token=10, search=1)
    note = page.locator(".exb-notice")
    note.wait_for()
    assert "no/such-model is not in the local cache" in note.inner_text()
    page.wait_for_selector(".exb-result")
    now = state(page)
    assert (now["model"], now["index"], now["layer"], now["token"]) == ("", "", 2, 10)
    assert "model=" not in page.url


def test_suggestions_by_keyboard(site: str, visit: Visit) -> None:
    page = visit(site)
    box = page.get_by_role("combobox", name="Model")
    box.focus()
    page.keyboard.press("ArrowDown")
    options = page.get_by_role("option")
    page.locator(".exb-combo-item").nth(1).wait_for()
    page.keyboard.type("gpt2")
    assert page.locator(".exb-combo-item").all_inner_texts() == ["openai-community/gpt2"]
    page.keyboard.press("ArrowDown")
    assert box.get_attribute("aria-activedescendant") == page.locator(".exb-combo-item").first.get_attribute("id")
    page.keyboard.press("Escape")
    assert box.input_value() == "exbert-mini" and not page.locator(".exb-combo-list").is_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")  # the first is the page's own
    settled(page, "exbert.store.values.model", "")
    assert options.count() >= 0


def test_the_bar_fits(site: str, visit: Visit) -> None:
    page = visit(site)
    for look in looks(page):
        page.keyboard.press("Escape")
        page.get_by_role("combobox", name="Model").click()
        page.locator(".exb-combo-item").nth(2).wait_for()
        assert fits(page), look
        box, (_, (width, _)) = page.locator(".exb-combo-list").bounding_box(), look
        assert 0 <= box["x"] and box["x"] + box["width"] <= width
        bar, sentence = page.locator("#exb-setup").bounding_box(), page.locator("#exb-sentence").bounding_box()
        assert bar["y"] + bar["height"] <= sentence["y"]


def test_a_public_page_offers_what_its_owner_allows(client, page_of, visit: Visit) -> None:  # noqa: F811
    closed = client("space", token=None, settings={"SPACE_ID": "a/b", "HF_HUB_OFFLINE": "1"})
    page = visit(page_of(closed)[0])
    page.wait_for_selector("#exb-setup .exb-setup", state="attached")
    assert page.get_by_role("combobox", name="Model").count() == 0
    assert page.get_by_role("button", name="Build an index").count() == 0
    allowed = {"EXBERT_ALLOWED_MODELS": "bert-*,openai-community/gpt2", "EXBERT_ALLOW_BUILD": "1"}
    page = visit(page_of(client("space", token=None, settings=closed.settings | allowed))[0])
    page.get_by_role("combobox", name="Model").click()
    page.locator(".exb-combo-item").nth(1).wait_for()
    names = [text.split("\n")[0] for text in page.locator(".exb-combo-item").all_inner_texts()]
    assert names == ["exbert-mini", "openai-community/gpt2"]
    page.get_by_role("button", name="Build an index").click()
    assert page.get_by_role("radiogroup", name="Corpus").get_by_role("radio").all_inner_texts() == [
        "Demo's own", "File", "Hub dataset",
    ]  # fmt: skip
