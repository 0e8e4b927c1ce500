"""Causal models and encoder-decoders."""

from __future__ import annotations

from typing import Any

import pytest

from exbert_hub import CorpusIndex

from ..tiny_models import TEXTS, tiny_bart_dir, tiny_gpt2_dir, tiny_lfm2_dir
from .conftest import Serve, Visit
from .steps import drawn, links, piece, settled, state

TEXT = TEXTS[0]


@pytest.fixture(scope="module")
def causal_site(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("gpt2")
    model = tiny_gpt2_dir(folder / "model")
    CorpusIndex.build(model, list(TEXTS), folder / "index", annotator="blank:en", progress=lambda done, total: None)
    return serve(model, folder / "index")


@pytest.fixture(scope="module")
def seq2seq_site(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> str:
    return serve(tiny_bart_dir(tmp_path_factory.mktemp("bart") / "model"))


@pytest.fixture(scope="module")
def hybrid_site(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model of which some layers have no attention, with an index."""
    folder = tmp_path_factory.mktemp("lfm2")
    model = tiny_lfm2_dir(folder / "model")
    CorpusIndex.build(model, list(TEXTS), folder / "index", annotator="blank:en", progress=lambda done, total: None)
    return serve(model, folder / "index")


def marked(page: Any, side: str, name: str) -> list[int]:
    return [
        int(token)
        for token in page.eval_on_selector_all(
            f".exb-pieces.exb-{side} [data-{name}]", "pieces => pieces.map(p => p.dataset.token)"
        )
    ]


def test_causal_models_grey_what_comes_later_and_mark_what_comes_next(causal_site: str, visit: Visit) -> None:
    page = visit(causal_site, text=TEXT)
    settled(page, "exbert.store.values.text", TEXT)
    piece(page, 2).click()
    drawn(page)
    last = int(page.locator(".exb-from [data-token]").last.get_attribute("data-token"))
    assert marked(page, "to", "later") == list(range(3, last + 1))
    assert marked(page, "to", "next") == [3]
    assert all(to <= origin for origin, to in links(page))
    assert "expects next" in page.locator(".exb-token").inner_text()


def test_causal_models_say_why_they_cannot_mask(causal_site: str, visit: Visit) -> None:
    page = visit(causal_site, text=TEXT)
    piece(page, 1).dblclick()
    page.get_by_role("alert").wait_for()
    assert "Causal models" in page.get_by_role("alert").inner_text()
    drawn(page)
    assert state(page)["mask"] == []


def test_results_of_causal_models_carry_the_next_token(causal_site: str, visit: Visit) -> None:
    page = visit(causal_site, text=TEXT, token=2, search=1)
    page.wait_for_selector(".exb-result")
    assert page.locator(".exb-histogram[data-of='next']").is_visible()
    assert page.locator(".exb-next").count() > 0
    first = page.locator(".exb-result:has(.exb-next)").first
    match = int(first.locator(".exb-match").get_attribute("data-piece"))
    assert first.locator(".exb-next").get_attribute("data-piece") == str(match + 1)


def test_encoder_decoders_show_all_three_stacks(seq2seq_site: str, visit: Visit) -> None:
    page = visit(seq2seq_site, text=TEXT)
    stacks = page.get_by_role("radiogroup", name="Stack")
    assert stacks.get_by_role("radio").all_inner_texts() == ["encoder", "decoder", "cross-attention"]
    box = page.locator("#exb-pair textarea")
    box.fill("dog")
    box.press("Enter")
    page.wait_for_function("exbert.store.values.pair === 'dog'")
    stacks.get_by_role("radio", name="cross-attention").click()
    page.wait_for_selector(".exb-segmented [data-value='cross'][aria-checked='true']")
    page.get_by_role("switch", name="Hide special tokens").click()
    drawn(page)
    queries, keys = (page.locator(f".exb-pieces.exb-{side} [data-token]").count() for side in ("from", "to"))
    assert queries < keys
    assert state(page)["stack"] == "cross"
    stacks.get_by_role("radio", name="encoder").click()
    page.wait_for_selector(".exb-segmented [data-value='encoder'][aria-checked='true']")
    assert state(page)["stack"] == ""


def test_a_local_model_is_called_by_its_folder(causal_site: str, visit: Visit) -> None:
    page = visit(causal_site)
    assert page.locator("#exb-view .exb-title h2").inner_text() == "model"


def test_the_second_box_of_an_encoder_decoder_is_its_decoders(seq2seq_site: str, visit: Visit) -> None:
    page = visit(seq2seq_site, text=TEXT, pair="dog", stack="decoder")
    assert page.get_by_label("Decoder's text").input_value() == "dog"
    assert page.get_by_role("button", name="second sentence").count() == 0
    page.wait_for_selector(".exb-segmented [data-value='decoder'][aria-checked='true']")
    assert marked(page, "from", "starts") == []  # one text, not two


def test_layers_without_attention_are_shown_as_gaps(hybrid_site: str, visit: Visit) -> None:
    page = visit(hybrid_site, text=TEXT, token=1)
    layers = page.get_by_role("radiogroup", name="Layer")
    gaps = page.evaluate("exbert.store.heads.flatMap((count, layer) => (count ? [] : [layer]))")
    assert gaps and page.evaluate("exbert.store.heads[exbert.store.values.layer]")  # it opens at one with attention
    shown = layers.locator("[data-gap]").evaluate_all("buttons => buttons.map((button) => +button.dataset.value)")
    assert shown == gaps
    assert layers.locator(f"[data-value='{gaps[0]}']").get_attribute("title") == f"Layer {gaps[0]} has no attention"
    layers.locator(f"[data-value='{gaps[0]}']").click()
    settled(page, "exbert.store.values.layer", gaps[0])
    drawn(page)
    assert f"Layer {gaps[0]} has no attention" in page.locator(".exb-veil").inner_text()
    assert page.locator(".exb-links canvas").is_hidden()
    assert page.locator(".exb-chip").count() > 0  # the controls stay where they are
    page.get_by_role("button", name="Search corpus").click()  # by embedding, which every layer has
    page.wait_for_selector(".exb-result")
    page.get_by_role("radio", name="heads").click()
    drawn(page)
    assert "has no heads" in page.get_by_role("button", name="Search corpus").get_attribute("title")
    page.get_by_role("switch", name="All heads at once").click()
    page.wait_for_selector(".exb-thumbnail")
    assert page.locator(".exb-grid-gap").all_inner_texts() == ["no attention"] * len(gaps)
