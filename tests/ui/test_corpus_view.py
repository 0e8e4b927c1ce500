"""The evidence: results, context strips, histograms that filter."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest

from exbert_hub import CorpusIndex, Inspector, demo

from .conftest import Visit
from .steps import ESCAPE, TEXT, drawn, settled


@pytest.fixture(scope="module")
def matches(index_folder: Any) -> Any:
    """What the Python API answers to the question that every test here asks the page."""
    seen = Inspector.from_pretrained(demo.MODEL).inspect(TEXT, mask=[ESCAPE])
    index = CorpusIndex.from_pretrained(index_folder)
    return index.search(seen, token=ESCAPE, layer=2, exclude_query=True, unique_sentences=True)


@pytest.fixture
def results(site: str, visit: Visit) -> Any:
    page = visit(site, mask=ESCAPE, token=ESCAPE, layer=2, search=1)
    page.wait_for_selector(".exb-result")
    return page


def test_the_results_are_those_of_the_python_api(results: Any, matches: Any) -> None:
    rows = results.eval_on_selector_all(".exb-result", "items => items.map(i => +i.dataset.row)")
    assert rows == [match.row for match in matches]
    scores = [float(text) for text in results.locator(".exb-score").all_inner_texts()]
    assert scores == pytest.approx([match.score for match in matches], abs=6e-4)
    for item, match in zip(results.locator(".exb-result").all()[:8], matches, strict=False):
        start, end = match.context.offsets[match.position]
        assert item.locator(".exb-match").inner_text() == match.context.text[start:end]
        assert item.locator(".exb-attended").get_attribute("data-piece") == str(match.max_attention)
        assert item.locator(".exb-sentence").inner_text() == match.context.text


def test_shading_follows_the_direction_and_so_does_the_marked_token(results: Any, matches: Any) -> None:
    item, match = results.locator(".exb-result").first, matches[0]
    strength = "e => +e.style.getPropertyValue('--exb-strength')"
    assert item.locator(".exb-attended").evaluate(strength) == 1
    results.get_by_role("radio", name="into match").click()
    drawn(results)
    marked = item.locator(".exb-attended")
    assert marked.evaluate(strength) == 1
    with_word = [i for i, labels in enumerate(match.context.labels) if labels is not None]
    strongest = max(with_word, key=lambda i: round(float(match.context.attention_in[i]), 3))
    assert marked.get_attribute("data-piece") == str(strongest)


def test_hovering_a_token_shows_all_its_labels_and_its_attention(results: Any, matches: Any) -> None:
    match = matches[0]
    results.locator(".exb-result").first.locator(".exb-attended").hover()
    tip = results.locator("#exb-evidence .exb-tooltip")
    tip.wait_for()
    terms = dict(zip(tip.locator("dt").all_inner_texts(), tip.locator("dd").all_inner_texts(), strict=True))
    labels = match.max_attention_labels
    assert (terms["POS"], terms["DEP"], terms["lemma"]) == (labels["pos"], labels["dep"], labels["lemma"])
    assert float(terms["attention"]) == pytest.approx(
        float(match.context.attention_out[match.max_attention]), abs=6e-4
    )


def test_the_context_strip_grows_and_names_its_cells(results: Any, matches: Any) -> None:
    strip = results.locator(".exb-result").first.locator(".exb-strip")
    assert strip.locator(".exb-cell").count() == 3
    results.get_by_role("button", name="Show more neighbours").click()
    drawn(results)
    assert strip.locator(".exb-cell").count() == 5
    for _ in range(2):
        results.get_by_role("button", name="Show fewer neighbours").click()
    drawn(results)
    assert strip.locator(".exb-cell").count() == 1
    assert results.get_by_role("button", name="Show fewer neighbours").is_disabled()
    results.get_by_label("Colour of the context cells").select_option("dep")
    drawn(results)
    strip.locator(".exb-here").hover()
    tip = results.locator("#exb-evidence .exb-tooltip")
    tip.wait_for()
    assert tip.locator("dt[data-chosen]").inner_text() == "DEP"
    assert matches[0].labels["dep"] in tip.inner_text()


def test_the_same_label_has_the_same_colour_everywhere(results: Any) -> None:
    wanted = results.evaluate("exbert.palette.colour('VERB')")
    bar = results.locator("[data-of='match'] [data-label='VERB']")
    assert bar.evaluate("e => e.style.getPropertyValue('--exb-colour')") == wanted
    rgb = ", ".join(str(int(wanted[i : i + 2], 16)) for i in (1, 3, 5))
    colours = Counter(results.locator(".exb-here").evaluate_all("cells => cells.map(c => c.style.background)"))
    assert colours[f"rgb({rgb})"] == int(bar.locator(".exb-bar-count").inner_text())


def test_histograms_are_the_summaries_of_the_python_api(results: Any, matches: Any) -> None:
    for of, title in (("match", "Matched token"), ("max_attention", "Token it attends to most")):
        for field in ("pos", "dep", "ent_type", "lemma"):
            check_histogram(results, matches, of, title, field)


def check_histogram(results: Any, matches: Any, of: str, title: str, field: str) -> None:
    results.get_by_label(f"Label of the histogram: {title}").select_option(field)
    chart = results.locator(f".exb-histogram[data-of='{of}'][data-field='{field}']")
    chart.wait_for()
    if (more := chart.get_by_text(re.compile(r"^\d+ more$"))).count():  # or it is unfolded already
        more.click()
    summary = matches.summary(field, of=of)
    bars = chart.locator(".exb-bar").all()
    assert [bar.get_attribute("data-label") for bar in bars] == [bar.label for bar in summary.bars]
    assert [int(bar.locator(".exb-bar-count").inner_text()) for bar in bars] == [bar.count for bar in summary.bars]
    first, shown = summary.bars[0], bars[0]
    assert shown.locator(".exb-bar-share").inner_text().startswith(f"{100 * first.share:.0f}"[:2])
    assert abs(float(shown.locator(".exb-bar-lift").inner_text().rstrip("×")) - first.lift) < 0.06 * first.lift + 0.06
    for bar, shown in zip(summary.bars, bars, strict=True):  # what may be chance is hollow, and says so
        assert (shown.get_attribute("data-chance") is None) == bar.significant
        assert ("may be chance" in shown.text_content()) == (not bar.significant)
        filled = shown.locator(".exb-bar-fill").evaluate("e => getComputedStyle(e).backgroundColor")
        assert (filled == "rgba(0, 0, 0, 0)") == (not bar.significant)
        title = shown.get_attribute("title")
        assert "base rate" in title and "(q " in title
        assert ("95% interval" in title) == (bar.low < bar.high)  # of all alike a bootstrap knows none
        assert ("not distinguishable from the base rate" in title) == (not bar.significant)
    assert "not distinguishable from the base rate" in results.locator(".exb-charts .exb-legend").inner_text()


def test_offsets_are_sorted_by_offset(results: Any, matches: Any) -> None:
    results.get_by_label("Label of the histogram: Token it attends to most").select_option("offset")
    chart = results.locator(".exb-histogram[data-field='offset']")
    chart.wait_for()
    if chart.locator(".exb-more").count():
        chart.locator(".exb-more").click()
    offsets = [
        int(label) for label in chart.locator(".exb-bar").evaluate_all("bars => bars.map(b => b.dataset.label)")
    ]
    assert offsets == sorted({match.offset for match in matches})


def test_a_bar_filters_the_results_and_a_second_click_clears(results: Any) -> None:
    bar = results.locator("[data-of='max_attention'] .exb-bar").nth(1)
    count, label = int(bar.locator(".exb-bar-count").inner_text()), bar.get_attribute("data-label")
    bar.focus()
    bar.press("Enter")
    settled(results, "document.querySelectorAll('.exb-result').length", count)
    assert f"{count} with POS {label}" in results.locator(".exb-filter").inner_text()
    again = results.locator("[data-of='max_attention'] .exb-bar").nth(1)
    assert again.get_attribute("aria-pressed") == "true"
    assert again.evaluate("e => e === document.activeElement")
    again.press("Enter")
    settled(results, "document.querySelectorAll('.exb-result').length", 50)


def test_results_can_be_read_with_the_keyboard(results: Any, matches: Any) -> None:
    results.locator(".exb-result").first.focus()
    results.keyboard.press("ArrowDown")
    assert results.locator(".exb-result").nth(1).evaluate("e => e === document.activeElement")
    results.keyboard.press("ArrowRight")
    results.locator("#exb-evidence .exb-tooltip").wait_for()
    assert matches[1].labels["pos"] in results.locator("#exb-evidence .exb-tooltip").inner_text()


def test_the_keyboard_stays_where_it_is_and_hears_what_it_points_at(site: str, visit: Visit) -> None:
    page = visit(site, token=ESCAPE, layer=2, search=1)
    page.wait_for_selector(".exb-result")
    more = page.get_by_role("button", name="Show more neighbours")
    more.focus()
    for _ in range(8):
        page.keyboard.press("Enter")
    assert more.is_disabled()  # the last step: the focus goes to its neighbour
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Show fewer neighbours"
    page.locator(".exb-result").first.focus()
    page.keyboard.press("ArrowRight")
    match = page.locator(".exb-result").first.locator(".exb-match").inner_text()
    said = page.locator(".exb-evidence > [role='status'].exb-unseen").inner_text()
    assert said.startswith(match) and "POS" in said
