"""Beyond attention in the page: modes, silenced heads, and two views side by side."""

from __future__ import annotations

from exbert_hub import Inspector, demo

from ..hub.conftest import build, client, folder, inspector, server, share, share_model  # noqa: F401  # fixtures
from ..tiny_models import tiny_bert_dir
from .conftest import Visit
from .steps import ESCAPE, choose_heads, choose_layer, settled, state

TABLE = ".exb-compare-table tbody tr"


def test_norms_and_rollout_take_the_place_of_attention(site: str, visit: Visit) -> None:
    page = visit(site, token=ESCAPE, layer=2)
    show = page.get_by_role("radiogroup", name="Show")
    show.get_by_role("radio", name="norms").click()
    settled(page, "exbert.parts.view.shown.mode", "norms")
    assert "mode=norms" in page.url
    show.get_by_role("radio", name="rollout").click()
    settled(page, "exbert.parts.view.shown.mode", "rollout")
    settled(page, "exbert.parts.view.figure.scene.heads", 1)
    page.go_back()
    settled(page, "exbert.parts.view.shown.mode", "norms")


def test_silenced_heads_are_told_and_heard_again_with_one_click(site: str, visit: Visit) -> None:
    page = visit(site, token=ESCAPE, mask=ESCAPE)
    choose_layer(page, 1)
    choose_heads(page, 8)
    page.get_by_role("button", name="silence", exact=True).click()
    page.get_by_role("button", name="Without heads 1-[8]").wait_for()
    before, after = (line.inner_text() for line in page.locator(".exb-prediction-line").all())
    assert before.startswith("with all heads") and before.split("\n")[1:] != after.split("\n")[1:]
    page.get_by_role("button", name="Without heads 1-[8]").click()
    settled(page, "exbert.parts.view.shown.request.ablate", [])
    assert "ablate" not in page.url


def test_masked_against_unmasked_in_one_click(site: str, visit: Visit) -> None:
    page = visit(site, token=ESCAPE, layer=3)
    page.get_by_role("button", name="Compare", exact=True).click()
    page.wait_for_selector(TABLE)
    assert page.locator(TABLE).count() == 7
    assert page.locator(".exb-diff-cell").count() == 18 * 18
    assert page.locator(".exb-compare-sides dt").all_inner_texts() == ["A: 'escape'", "B: 'escape' (masked)"]
    page.get_by_role("radio", name="logit lens").click()
    settled(page, f"document.querySelectorAll('{TABLE}').length", 6)
    page.get_by_role("button", name="Close the comparison").click()
    assert state(page)["compare"] == "" and page.locator(".exb-compare").is_hidden()


def test_nothing_silenced_is_no_error(site: str, visit: Visit) -> None:
    page = visit(site, token=10, compare="heads")
    panel = page.get_by_role("region", name="Compare")
    panel.get_by_text("Silence some heads first").wait_for()
    assert not panel.locator(".exb-error").count()


def test_another_model_is_asked_for_by_name_and_says_why_there_is_nothing(site: str, visit: Visit) -> None:
    page = visit(site, token=ESCAPE, layer=3)
    page.get_by_role("button", name="Compare", exact=True).click()
    page.get_by_role("radio", name="another model").click()
    settled(page, "exbert.store.values.compare", "model")
    assert page.locator(TABLE).count() == 0  # nothing is compared before a model is named
    box = page.get_by_label("Other model")
    box.fill("/no/such/model")
    box.press("Enter")
    alert = page.locator(".exb-compare").get_by_role("alert")
    alert.wait_for()
    assert "/no/such/model" in alert.inner_text()
    assert state(page)["against"] == "/no/such/model" and "compare=model" in page.url
    page.reload()
    page.wait_for_selector("[data-drawn]")
    alert.wait_for()  # the address holds the question
    assert page.get_by_label("Other model").input_value() == "/no/such/model"


def test_another_model_is_set_beside_this_one(site: str, visit: Visit) -> None:
    page = visit(site, token=ESCAPE, layer=3, compare="model", against=str(demo.MODEL))
    page.wait_for_selector(f"{TABLE}, .exb-compare [role=alert]")
    assert page.locator(".exb-compare [role=alert]").all_inner_texts() == []
    names = page.locator(".exb-compare-sides dt").all_inner_texts()
    assert [name[0] for name in names] == ["A", "B"] and all(" by " in name for name in names)
    assert page.locator(f"{TABLE} td:nth-child(4)").all_inner_texts() == ["1.00"] * 7  # a model agrees with itself
    assert "It is the same on both sides." in page.locator(".exb-compare").inner_text()


def test_two_different_models_by_their_shared_indexes(server, client, folder, page_of, visit: Visit, tmp_path) -> None:  # noqa: F811
    other = tiny_bert_dir(tmp_path / "tiny-bert", [demo.SENTENCE], num_hidden_layers=6)
    share_model(server, "alice/mini", demo.MODEL)
    share_model(server, "alice/tiny-bert", other)
    share(server, "alice/tales", folder)
    by_other = build(Inspector.from_pretrained(other, local_files_only=True), tmp_path, 0, 30)
    share(server, "alice/tales-of-tiny-bert", by_other)
    site, _ = page_of(client("alice"), "alice/mini")
    page = visit(site, token=ESCAPE, layer=3, compare="model", against="alice/tiny-bert")
    page.wait_for_selector(f"{TABLE}, .exb-compare [role=alert]")
    assert page.locator(".exb-compare [role=alert]").all_inner_texts() == []
    assert page.locator(".exb-compare-sides dt").all_inner_texts() == [
        "A: 'escape' by alice/mini",
        "B: 'e' by alice/tiny-bert",  # its pieces are shorter
    ]
    overlaps = [float(text) for text in page.locator(f"{TABLE} td:nth-child(4)").all_inner_texts()]
    assert overlaps and max(overlaps) < 1  # random weights have no reason to agree
    assert "It is the same on both sides." not in page.locator(".exb-compare").inner_text()
