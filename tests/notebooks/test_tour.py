"""The notebook of the docs, executed from top to bottom by a kernel without a screen."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

TOUR = Path(__file__).parents[2] / "docs/tour.ipynb"


class Counts(HTMLParser):
    """Label and count of each row of a histogram: its first two cells."""

    def __init__(self, fragment: str) -> None:
        super().__init__()
        self._rows: list[list[str]] = []
        self._inside = False
        self.feed(fragment)
        self.of = {row[0]: int(row[1]) for row in self._rows if len(row) > 1 and row[1].isdecimal()}

    def handle_starttag(self, tag: str, attributes: object) -> None:
        if tag == "tr":
            self._rows.append([])
        elif tag == "td" and self._rows:
            self._rows[-1].append("")
        self._inside = tag == "td"  # an element within a cell begins what is no label

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, text: str) -> None:
        if self._inside:
            self._rows[-1][-1] += text


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
    assert Counts(shown("matches =")["text/html"]).of["VERB"] > 25, "most of what the masked verb is like are verbs"
    assert Counts(shown("index.search(seen")["text/html"]).of["1"] >= 45
    assert re.search(r'<iframe src="http://127\.0\.0\.1:\d+/"', shown("app, url")["text/html"])
    # what is committed is what came out
    for old, new in zip(committed, cells, strict=True):
        if old.outputs and old.source.startswith(("seen.", "index.search", "matches.to_pandas")):
            assert old.outputs[0].data == next(o.data for o in new.outputs if o.output_type == "execute_result")
