"""Labels of a treebank and labels of one's own are labels everywhere on the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from exbert_hub import CorpusIndex, demo

from .conftest import Serve, Visit
from .steps import settled

TREEBANK = Path(__file__).parents[1] / "unit" / "corpus" / "sample.conllu"


@pytest.fixture(scope="module")
def gold_site(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("gold") / "index"
    index = CorpusIndex.build(demo.MODEL, TREEBANK, folder, layers=[2], progress=lambda done, total: None)
    index.annotate("my:size", ["long" if len(text) > 4 else "short" for text in index.tokens["text"]])
    return serve(demo.MODEL, folder)


@pytest.mark.parametrize(("field", "name", "label"), [("Number", "Number", "Plur"), ("my:size", "my:size", "long")])
def test_any_column_counts_filters_and_colours(
    gold_site: str, visit: Visit, field: str, name: str, label: str
) -> None:
    page: Any = visit(gold_site, token=2, layer=2, search=1)
    page.wait_for_selector(".exb-result")
    page.get_by_label("Label of the histogram: Matched token").select_option(field)
    bar = page.locator(f".exb-histogram[data-of='match'][data-field='{field}'] [data-label='{label}']")
    count = int(bar.locator(".exb-bar-count").inner_text())
    bar.click()
    settled(page, "document.querySelectorAll('.exb-result').length", count)
    assert f"{count} with {name} {label}" in page.locator(".exb-filter").inner_text()
    page.get_by_label("Colour of the context cells").select_option(field)
    wanted = page.evaluate(f"exbert.palette.colour('{label}')")
    rgb = ", ".join(str(int(wanted[i : i + 2], 16)) for i in (1, 3, 5))
    settled(
        page, "[...document.querySelectorAll('.exb-here')].map((e) => e.style.background)", [f"rgb({rgb})"] * count
    )
    page.locator(".exb-match").first.hover()
    assert label in page.locator("#exb-evidence .exb-tooltip").inner_text()
