"""Results in a notebook: true, escaped, without scripts."""

import base64
import io
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from exbert_hub.analysis.attention import encode_sqrt
from exbert_hub.analysis.histogram import Bar
from exbert_hub.index.results.matches_html import MATCHES
from exbert_hub.index.results.types import CHANCE, Summary

TEXT = "The girl ran to a local pub to escape the din of her city."
EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)> & 'ran' \"away\""


class Reader(HTMLParser):
    def __init__(self, fragment):
        super().__init__()
        self.tags, self.attributes, self.rows, self.text = [], [], [], ""
        self.marked, self._open = {"mark": [], "u": []}, []
        self.feed(fragment)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag in self.marked:
            self._open.append(tag)
            self.marked[tag].append("")

    def handle_endtag(self, tag):
        if tag in self._open:
            self._open.remove(tag)

    def handle_data(self, data):
        self.text += data
        for tag in self._open:
            self.marked[tag][-1] += data


@pytest.fixture(scope="module")
def seen(inspector):
    return inspector.inspect(TEXT, mask=["escape"])


@pytest.fixture(scope="module")
def found(index, seen):
    return index.search(seen, "escape", by="heads", layer=5, heads=[6, 9], k=30)


def test_matches_show_match_and_max_attention_token(found):
    page = Reader(found._repr_html_())
    shown = found[:MATCHES]
    spans = {"mark": [match.position for match in shown], "u": [match.max_attention for match in shown]}
    for tag, positions in spans.items():
        texts = [_at(match, position) for match, position in zip(shown, positions, strict=True)]
        assert page.marked[tag][1 if tag == "u" else 0 :] == texts  # the first underlined is the heading
    assert "30 nearest to 'escape' (masked) by heads 5-[6,9]" in page.text and "and 10 more matches" in page.text
    top = found.summary("pos").bars[0]
    assert f"{top.label}{top.count}{top.share:.1%}{top.base_rate:.1%}×{top.lift:.1f}" in page.text


def _at(match, position):
    start, end = match.context.offsets[position]
    return match.context.text[start:end]


def test_a_summary_shows_its_bars():
    bars = tuple(
        Bar(label, count, count / 20, 0.1, count / 2, 0.05, 0.95, 0.001, 0.002 if count > 3 else 0.2)
        for label, count in zip("abcdefghijklmn", range(14, 0, -1), strict=True)
    )
    page = Reader(Summary("dep", "match", 20, bars)._repr_html_())
    assert "dep of the match tokens (20)" in page.text and "a1470.0%10.0%×7.00.002" in page.text
    assert "l315.0%10.0%×1.5n.s." in page.text and CHANCE in page.text
    assert [("b c" in value) for name, value in page.attributes if name == "class" and value[0] == "b"] == [
        False
    ] * 11 + [True]
    assert ("title", "share 5% to 95% (95 % bootstrap interval), p 0.001, q 0.2") in page.attributes
    assert "and 2 more labels" in page.text
    offsets = Summary("offset", "max_attention", 20, bars)._repr_html_()
    assert "more labels" not in offsets  # offsets are in order: none may be missing


def test_an_inspection_shows_pieces_predictions_and_attention(seen):
    fragment = seen._repr_html_()
    page = Reader(fragment)
    assert page.marked["mark"] == ["[MASK]"] and page.text.count("girl") == 1
    likeliest = seen.predictions("escape", 1)[0]
    assert f"at 10 [MASK]{likeliest.text} {likeliest.probability:.0%}" in page.text
    data = fragment.split("base64,")[1].split('"')[0]
    grid = 255 - np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
    size = len(seen.pieces) + 1
    for layer, head in ((0, 0), (3, 7), (5, 11)):
        tile = grid[layer * size : layer * size + size - 1, head * size : head * size + size - 1]
        np.testing.assert_array_equal(tile, encode_sqrt(seen.attention[layer][head]))


def test_a_long_text_is_not_pictured(inspector):
    fragment = inspector.inspect("He ran. " * 25)._repr_html_()
    assert "<img" not in fragment and "pictured up to 64 pieces" in fragment


def test_nothing_of_a_text_becomes_markup(inspector, index, found):
    seen = inspector.inspect(EVIL)
    first = found[0]
    offsets = tuple((min(start, 40), min(end, 44)) for start, end in first.context.offsets)
    evil = replace(
        first,
        context=replace(first.context, text=EVIL, offsets=offsets),
        labels=dict(first.labels) | {"pos": EVIL, "dep": EVIL},
    )
    fragments = [
        seen._repr_html_(),
        index.search(seen, "away", k=3)._repr_html_(),
        replace(found, matches=(evil,), query=replace(found.query, word=EVIL))._repr_html_(),
        Summary(EVIL, "match", 1, (Bar(EVIL, 1, 1.0, 0.5, 2.0, 1.0, 1.0, 0.5, 0.5),))._repr_html_(),
    ]
    for fragment in fragments:
        page = Reader(fragment)
        assert "script" not in page.tags
        assert page.tags.count("img") == (fragment is fragments[0])  # ours
        assert not [name for name, _ in page.attributes if name.startswith("on")]
        assert "<script>alert(1)" in page.text.replace(" ", "") or fragment is fragments[1]
