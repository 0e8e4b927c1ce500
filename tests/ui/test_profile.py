"""All layers at once, and all heads at once."""

from __future__ import annotations

from typing import Any

import pytest

from exbert_hub import CorpusIndex, Inspector, demo
from exbert_hub.app.wire import assets
from exbert_hub.app.wire.bundle import bundle

from .conftest import Visit
from .steps import (
    ESCAPE,
    LOADED,
    TEXT,
    await_results,
    choose_layer,
    drawn,
    fits,
    piece,
    received,
    search,
    settled,
    state,
)

ROWS = ".exb-profile-row"


@pytest.fixture(scope="module")
def profile_of(index_folder: Any) -> Any:
    """What Python says."""
    index = CorpusIndex.from_pretrained(index_folder)
    inspector = Inspector.from_pretrained(demo.MODEL, local_files_only=True)

    def profile(mask: tuple[int, ...] = (), **options: Any) -> Any:
        seen = inspector.inspect(TEXT, mask=mask)
        return index.profile(seen, ESCAPE, exclude_query=True, unique_sentences=True, **options)

    return profile


def parts(page: Any, layer: int | str) -> list[tuple[str, float]]:
    """(label, share) of the bar of a layer; the rest of small labels has none."""
    read = "parts => parts.map(p => [p.dataset.label ?? null, Number(p.style.flexGrow)])"
    found = page.eval_on_selector_all(f"{ROWS}[data-layer='{layer}'] .exb-profile-part", read)
    return [(label, share) for label, share in found if label is not None]


def check(page: Any, profile: Any) -> None:
    for one in profile.layers:
        expected = {bar.label: pytest.approx(bar.share, abs=1e-3) for bar in one.bars}
        shown = dict(parts(page, one.layer))
        assert shown.items() and all(expected[label] == share for label, share in shown.items())
        words = page.locator(f"{ROWS}[data-layer='{one.layer}'] .exb-profile-words")
        counts = map(int, words.locator("sub").all_inner_texts())
        assert tuple(zip(words.locator("span").all_inner_texts(), counts, strict=True)) == one.words


def test_one_click_shows_every_layer(site: str, visit: Visit, profile_of: Any) -> None:
    page = visit(site, mask=ESCAPE, token=ESCAPE)
    page.get_by_role("button", name="All layers", exact=True).click()
    page.wait_for_selector(ROWS)
    assert page.locator(ROWS).count() == 7  # the input embeddings and six layers
    check(page, profile_of((ESCAPE,)))
    assert "All layers for escape masked by embedding" in page.locator(".exb-profile h3").inner_text()
    layers = page.eval_on_selector_all(ROWS, "rows => rows.map(r => r.dataset.layer)")
    assert layers == ["emb", "0", "1", "2", "3", "4", "5"]
    assert page.locator(".exb-profile-corpus .exb-profile-part").count() > 3


def test_by_heads_and_by_another_label(site: str, visit: Visit, profile_of: Any) -> None:
    page = visit(site, token=ESCAPE, layer=1, heads="8,3", by="heads")
    page.get_by_role("button", name="All layers", exact=True).click()
    page.wait_for_selector(ROWS)
    assert page.locator(ROWS).count() == 6
    check(page, profile_of(by="heads", heads=[3, 8]))
    page.get_by_label("Label of all layers").select_option("dep")
    page.wait_for_selector(".exb-profile:not([data-busy]) [data-label='pobj']")
    check(page, profile_of(by="heads", heads=[3, 8], field="dep"))
    assert state(page)["profile"] == "dep"


def test_a_label_has_one_colour_everywhere(site: str, visit: Visit) -> None:
    page = visit(site, mask=ESCAPE, token=ESCAPE, layer=2, profile="pos", search=1)
    page.wait_for_selector(ROWS)
    page.wait_for_selector(".exb-result")
    colour = "e => getComputedStyle(e).getPropertyValue('--exb-colour')"  # hollow parts have it too
    verbs = page.locator(".exb-profile [data-label='VERB']")
    assert verbs.count() > 3
    bar = page.locator(".exb-histogram[data-of='match'] [data-label='VERB'] .exb-bar-fill").evaluate(colour)
    assert {verb.evaluate(colour) for verb in verbs.all()} == {bar}


def test_a_click_on_a_layer_goes_there(site: str, visit: Visit) -> None:
    page = visit(site, token=ESCAPE, layer=2, profile="pos")
    page.wait_for_selector(ROWS)
    assert page.locator(f"{ROWS}[aria-current]").get_attribute("data-layer") == "2"
    before = received(page)
    page.locator(f"{ROWS}[data-layer='4']").click()
    await_results(page, before)
    assert state(page)["layer"] == 4
    assert "at layer 4" in page.locator(".exb-heading").inner_text()
    assert page.locator(f"{ROWS}[aria-current]").get_attribute("data-layer") == "4"
    assert page.locator(".exb-profile:not([data-stale])").count() == 1  # it holds for every layer


def test_it_is_stale_as_soon_as_the_query_changes_and_can_be_renewed(site: str, visit: Visit) -> None:
    page = visit(site, token=ESCAPE, layer=2, profile="pos")
    page.wait_for_selector(ROWS)
    piece(page, 3).click()
    page.wait_for_selector(".exb-profile[data-stale]")
    page.get_by_role("button", name="All layers", exact=True).click()
    page.wait_for_selector(".exb-profile:not([data-stale]):not([data-busy])")
    settled(page, "document.querySelector('.exb-profile mark').textContent", "ran")


def test_it_lives_in_the_address_and_closes(site: str, visit: Visit) -> None:
    page = visit(site, token=ESCAPE)
    page.get_by_role("button", name="All layers", exact=True).click()
    page.wait_for_selector(ROWS)
    assert "profile=pos" in page.url
    page.get_by_role("button", name="Close all layers").click()
    page.wait_for_selector(".exb-empty")
    assert "profile" not in page.url
    page.go_back()
    page.wait_for_selector(ROWS)
    page.reload()
    page.wait_for_selector(ROWS)


def test_bars_are_operable_by_keyboard_and_told_to_screen_readers(site: str, visit: Visit) -> None:
    page = visit(site, mask=ESCAPE, token=ESCAPE, profile="pos")
    page.wait_for_selector(ROWS)
    row = page.locator(f"{ROWS}[data-layer='2']")
    assert row.get_attribute("aria-label").startswith("Layer 2: VERB ")
    row.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".exb-result")
    settled(page, "exbert.store.values.layer", 2)
    assert page.evaluate("document.activeElement.dataset.layer") == "2"


def test_a_part_tells_its_figures(site: str, visit: Visit) -> None:
    page = visit(site, mask=ESCAPE, token=ESCAPE, profile="pos")
    page.wait_for_selector(ROWS)
    page.locator(f"{ROWS}[data-layer='2'] [data-label='VERB']").hover()
    tip = page.locator("#exb-evidence .exb-tooltip").inner_text()
    assert all(name in tip for name in ("VERB", "count", "share", "base rate", "lift", "\nq\n"))
    assert "may be chance" not in tip
    page.locator(f"{ROWS} [data-chance]").first.hover()
    assert "may be chance" in page.locator("#exb-evidence .exb-tooltip").inner_text()
    assert any("(may be chance)" in row.get_attribute("aria-label") for row in page.locator(ROWS).all())
    assert "not distinguishable from the base rate" in page.locator(".exb-profile .exb-legend").inner_text()


@pytest.mark.parametrize(("theme", "size"), LOADED)
def test_all_heads_at_once(site: str, visit: Visit, theme: str, size: tuple[int, int]) -> None:
    page = visit(site, theme=theme, size=size)
    assert page.locator(".exb-grid").is_hidden()
    page.get_by_role("switch", name="All heads at once").click()
    page.wait_for_selector(".exb-thumbnail")
    assert page.locator(".exb-thumbnail").count() == 72
    assert page.locator(".exb-figure").is_hidden()
    assert fits(page)
    # a previous-piece head: the line beside the diagonal is strong, the diagonal is not
    read = """canvas => { const pen = canvas.getContext('2d'); const n = canvas.width;
      return [n, [1, 0].map(by => Array.from({ length: n - 1 }, (_, i) =>
        pen.getImageData(i + 1 - by, i + 1, 1, 1).data[3]).reduce((a, b) => a + b) / (n - 1))]; }"""
    pieces, (previous, itself) = page.locator("[aria-label='Layer 0, head 2'] canvas").evaluate(read)
    assert pieces == 16  # special tokens are hidden
    assert previous > 230 > 60 > itself
    page.locator("[aria-label='Layer 0, head 2']").click()
    drawn(page)
    values = state(page)
    assert (values["layer"], values["heads"], values["grid"]) == (0, [2], False)
    assert page.locator(".exb-figure").is_visible() and page.locator(".exb-grid").is_hidden()
    assert page.locator(".exb-links canvas").is_visible()


def test_the_grid_needs_no_mouse_and_lives_in_the_address(site: str, visit: Visit) -> None:
    page = visit(site, grid=1, layer=1, heads="8")
    page.wait_for_selector(".exb-thumbnail")
    chosen = page.locator(".exb-thumbnail[aria-selected='true']")
    assert chosen.count() == 1 and chosen.get_attribute("aria-label") == "Layer 1, head 8"
    page.locator(".exb-thumbnail[tabindex='0']").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowLeft"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.ariaLabel") == "Layer 1, head 1"
    page.keyboard.press("Enter")
    settled(page, "exbert.store.values.heads", [1])
    assert "grid" not in page.url
    page.go_back()
    page.wait_for_selector(".exb-thumbnail")


def test_hiding_special_tokens_changes_the_thumbnails(site: str, visit: Visit) -> None:
    page = visit(site, grid=1)
    width = "document.querySelector('.exb-thumbnail canvas').width"
    settled(page, width, 16)
    page.get_by_role("switch", name="Hide special tokens").click()
    settled(page, width, 18)


def test_results_stay_while_all_layers_are_looked_at(site: str, visit: Visit) -> None:
    page = visit(site, token=ESCAPE, layer=2)
    search(page)
    page.get_by_role("button", name="All layers", exact=True).click()
    page.wait_for_selector(ROWS)
    assert page.locator(".exb-result").count() == 50
    choose_layer(page, 3)
    assert page.locator(".exb-evidence[data-stale]").count() == 1


def test_thumbnails_of_long_inputs_come_from_the_server(chromium: Any) -> None:
    """The grid alone, told of two layers whose attention is not here, and of a gap."""
    page = chromium.new_page()
    grid = bundle(assets.page_modules("figure/head_grid.js"))
    script = """
      window.asked = [];
      const layer = { heads: 2, height: 1, width: 2, data: btoa(String.fromCharCode(1, 2, 3, 255)) };
      const server = { thumbnails: async (q) => (window.asked.push(q), window.asked.length === 1 ? undefined : { layers: [layer, null] }) };
      const all = new grid.HeadGrid({ open: (...at) => { window.opened = at; }, close() {}, server: () => server });
      all.node.hidden = false;
      document.body.style.setProperty("--exb-accent", "#3d5bd9");
      document.body.append(all.node);
      all.update([{ heads: 2 }, null], { request: { text: "a" }, rows: [1], cols: [1, 2] }, { layer: 0, heads: [1] });
    """  # noqa: E501
    page.goto("about:blank")
    page.evaluate(f"() => {{ const grid = {grid};\n{script} }}")
    page.get_by_role("button", name="Try again").click()  # the first answer was lost
    page.wait_for_selector(".exb-thumbnail")
    assert page.evaluate("window.asked[1]") == {"request": {"text": "a"}, "rows": [1], "cols": [1, 2]}
    pixels = "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].filter((_, i) => i % 4 === 3)"
    assert page.locator("[aria-label='Layer 0, head 1'] canvas").evaluate(pixels) == [3, 255]
    assert page.locator(".exb-grid-gap").inner_text() == "no attention"
    page.locator("[aria-label='Layer 0, head 1']").click()
    assert page.evaluate("window.opened") == [0, 1]
    page.close()
