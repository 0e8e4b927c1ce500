"""The notebook of the docs, executed from top to bottom by a kernel without a screen."""

import re
from pathlib import Path

import pytest

TOUR = Path(__file__).parents[2] / "docs/tour.ipynb"


@pytest.mark.slow
def test_the_tour_runs_and_shows_what_it_says():
    import nbformat
    from nbclient import NotebookClient

    tour = nbformat.read(TOUR, as_version=4)
    committed = [cell.copy() for cell in tour.cells if cell.cell_type == "code"]
    NotebookClient(tour, timeout=300, kernel_name="python3").execute()
    cells = [cell for cell in tour.cells if cell.cell_type == "code"]

    def shown(start):
        cell = next(cell for cell in cells if cell.source.startswith(start))
        return next(output.data for output in cell.outputs if output.output_type in ("execute_result", "display_data"))

    assert "attention of every head" in shown("inspector =")["text/html"]
    assert shown("seen.attention.shape")["text/plain"] == "((6, 12, 18, 18), (7, 18, 384), (6, 18, 12, 32))"
    assert "50 nearest to &#x27;escape&#x27; (masked) by embedding at layer 3" in shown("matches =")["text/html"]
    first = re.search(r"<tr><td>VERB<td class=n>(\d+)", shown("matches =")["text/html"])
    assert first and int(first[1]) > 25, "verbs should be most of what the masked verb is like"
    offsets = dict(re.findall(r"<tr><td>([+-]?\d+)<td class=n>(\d+)", shown("index.search(seen")["text/html"]))
    assert int(offsets["1"]) >= 45
    assert re.search(r'<iframe src="http://127\.0\.0\.1:\d+/"', shown("app, url")["text/html"])
    # what is committed is what came out
    for old, new in zip(committed, cells, strict=True):
        if old.outputs and old.source.startswith(("seen.", "index.search", "matches.to_pandas")):
            assert old.outputs[0].data == next(o.data for o in new.outputs if o.output_type == "execute_result")
