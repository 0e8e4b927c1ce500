"""What visitors take with them, downloaded and read as they would read it."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from exbert_hub.cli import main

from .conftest import Visit
from .steps import ESCAPE, TEXT, WIDE, drawn, fits, links, looks, search

NASTY = "</script><script>alert(1)</script> <!-- <b onclick=alert(2)> $& ${x} {{y}} =1+1 🦉 שלום"
SVG = "{http://www.w3.org/2000/svg}"


def choose(page: Any, pane: str, label: str, hint: str = "") -> None:
    page.locator(f"#exb-{pane} .exb-menu-button").click()
    page.locator(f"#exb-{pane} [role=menuitem]", has_text=f"{label}{hint}").click()


def download(page: Any, folder: Path, pane: str, label: str, hint: str = "") -> Path:
    with page.expect_download() as waiting:
        choose(page, pane, label, hint)
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    page.wait_for_function(f"document.querySelector('#exb-{pane} .exb-menu-said').textContent.startsWith('Saved')")
    return path


def shown_scores(page: Any) -> list[float]:
    return [float(score) for score in page.locator(".exb-score").all_inner_texts()]


@pytest.fixture
def found(site: str, visit: Visit) -> Any:
    page = visit(site, mask=ESCAPE, token=ESCAPE, layer=2, search=1)
    page.wait_for_selector(".exb-result")
    return page


def test_results_as_tables(found: Any, tmp_path: Path) -> None:
    sentences = [" ".join(text.split()) for text in found.locator(".exb-sentence").all_inner_texts()]

    path = download(found, tmp_path, "evidence", "Results", "CSV")
    assert path.name == "exbert-escape-2.csv"
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
    assert [" ".join(row["sentence_text"].split()) for row in rows] == sentences

    path = download(found, tmp_path, "evidence", "Results", "JSON")
    told = json.loads(path.read_text(encoding="utf-8"))
    assert told["query"]["masked"] and told["query"]["layer"] == 2
    records = told["matches"]
    assert [one["score"] for one in records] == pytest.approx(shown_scores(found), abs=6e-4)

    path = download(found, tmp_path, "evidence", "Results", "Parquet")
    assert pq.read_table(path).to_pylist() == records
    assert [float(row["score"]) for row in rows] == [one["score"] for one in records]


def test_copied_code_finds_what_the_page_shows(
    found: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = download(found, tmp_path, "evidence", "Results", "JSON")
    shown = json.loads(path.read_text(encoding="utf-8"))["matches"]
    found.context.grant_permissions(["clipboard-read", "clipboard-write"])

    choose(found, "evidence", "Copy as Python")
    found.wait_for_selector("text=Copied Python")
    names: dict[str, Any] = {}
    exec(compile(found.evaluate("navigator.clipboard.readText()"), "copied", "exec"), names)
    assert names["matches"].to_dict()["matches"] == shown
    capsys.readouterr()

    choose(found, "evidence", "Copy as command")
    found.wait_for_selector("text=Copied the command")
    command = found.evaluate("navigator.clipboard.readText()")
    assert command.startswith("hf-exbert search ")
    echo = tmp_path / "hf-exbert"
    echo.write_text(f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv))\n")
    echo.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    arguments = json.loads(subprocess.run(["sh", "-c", command], env=environment, capture_output=True).stdout)
    monkeypatch.setattr(sys, "argv", [*arguments[:2], "--json", *arguments[2:]])
    with contextlib.suppress(SystemExit):
        main()
    assert json.loads(capsys.readouterr().out)["matches"] == shown


def test_the_attention_as_svg(site: str, visit: Visit, tmp_path: Path) -> None:
    page = visit(site, theme="dark", token=ESCAPE, layer=1, heads="8,3", top=50)
    drawn(page)
    path = download(page, tmp_path, "view", "Picture", "SVG")
    assert path.name == "exbert-attention-1-8-3.svg"
    drawing = ElementTree.parse(path).getroot()
    pieces = page.locator(".exb-piece").all_inner_texts()
    texts = [text.text for text in drawing.iter(f"{SVG}text")]
    assert [text for text in texts if text in pieces][-len(pieces) :] == pieces
    assert "exbert-mini · layer 1, heads 8, 3" in texts and TEXT in texts
    assert any(text.startswith("Curves: the strongest 50%") for text in texts)
    paths = list(drawing.iter(f"{SVG}path"))
    assert len(paths) == len(links(page)) > 0
    ground = drawing.find(f"{SVG}rect")
    assert ground is not None and ground.get("fill") == "#ffffff"  # also in the dark


def test_the_attention_as_png(site: str, visit: Visit, tmp_path: Path) -> None:
    page = visit(site, layer=1, heads="8")
    drawn(page)
    path = download(page, tmp_path, "view", "Picture", "PNG")
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG\r\n")
    width, height = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
    vector = ElementTree.parse(download(page, tmp_path, "view", "Picture", "SVG")).getroot()
    assert (width, height) == tuple(round(2 * float(vector.get(name, "0"))) for name in ("width", "height"))
    # it shows something: the curves' colour on white
    read = """async (bytes) => { const image = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
      const pen = new OffscreenCanvas(image.width, image.height).getContext('2d'); pen.drawImage(image, 0, 0);
      const data = pen.getImageData(0, 0, image.width, image.height).data, seen = new Set();
      for (let i = 0; i < data.length; i += 4) seen.add(data.slice(i, i + 3).join());
      return [[...data.slice(0, 3)].join(), seen.size]; }"""
    corner, colours = page.evaluate(read, list(content))
    assert corner == "255,255,255" and colours > 50


class Offline:
    """A saved page, opened from the disk in a browser that has no network."""

    def __init__(self, chromium: Any, path: Path, **options: Any) -> None:
        self.context = chromium.new_context(offline=True, reduced_motion="reduce", **options)
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page = self.context.new_page()
        self.page.on("console", lambda m: self.complaints.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append("a script of the text ran"))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri())
        self.page.wait_for_selector("#exb-view [data-drawn]")

    def close(self) -> None:
        drawn(self.page)
        self.context.close()
        assert self.complaints == []
        assert [url for url in self.requests if not url.startswith(("file:", "data:", "blob:"))] == []


def test_the_whole_page_works_from_the_disk(site: str, visit: Visit, chromium: Any, tmp_path: Path) -> None:
    page = visit(site, mask=ESCAPE, token=ESCAPE, layer=2, top=60, search=1, profile="dep", colour="dep")
    page.wait_for_selector(".exb-result")
    page.wait_for_selector(".exb-profile-row")
    drawn(page)
    path = download(page, tmp_path, "view", "Whole page")
    assert path.name == "exbert.html"
    for theme in ("light", "dark"):
        offline = Offline(chromium, path, color_scheme=theme, viewport={"width": WIDE[0], "height": WIDE[1]})
        check_copy(offline.page, page, theme)
        offline.close()


def check_copy(copy: Any, page: Any, theme: str) -> None:
    for selector in (".exb-piece", ".exb-sentence", ".exb-bar", ".exb-profile-row", ".exb-score", ".exb-prediction"):
        assert copy.locator(selector).all_inner_texts() == page.locator(selector).all_inner_texts()
    assert links(copy) == links(page) != []
    assert copy.locator("[data-stale]").count() == 0
    assert copy.evaluate("document.documentElement.classList.contains('dark')") == (theme == "dark")
    boxes = [copy.locator(f"#exb-{pane}").bounding_box() for pane in ("view", "evidence")]
    assert boxes[0]["x"] < boxes[1]["x"] and boxes[0]["y"] == boxes[1]["y"]

    # what needs no server still works
    copy.get_by_role("radiogroup", name="Layer").locator("[data-value='4']").click()
    copy.wait_for_selector(".exb-evidence[data-stale]")
    verb = copy.locator(".exb-histogram[data-of='match'] [data-label='VERB']")
    verb.click()
    assert copy.locator(".exb-result").count() == int(verb.locator(".exb-bar-count").inner_text())
    copy.get_by_role("switch", name="All heads at once").click()
    copy.wait_for_selector(".exb-thumbnail")
    assert copy.locator(".exb-thumbnail").count() == 72
    copy.get_by_role("button", name="Back to the curves").click()
    # and what needs one says so
    assert copy.get_by_role("button", name="Search corpus").count() == 0
    drawn(copy)
    copy.locator(".exb-from [data-token='3']").dblclick()
    assert "saved page" in copy.locator(".exb-notice").inner_text()
    copy.locator("#exb-evidence .exb-menu-button").click()
    assert copy.locator("#exb-evidence [role=menuitem]").count() == 2  # the code; tables need the server


def test_no_text_can_become_script(site: str, visit: Visit, chromium: Any, tmp_path: Path) -> None:
    page = visit(site, text=NASTY, token=1, layer=2, search=1)
    page.wait_for_selector(".exb-result")
    drawn(page)
    path = download(page, tmp_path, "evidence", "Whole page")
    assert path.read_text(encoding="utf-8").count("</script>") == 2
    offline = Offline(chromium, path)
    assert offline.page.locator("b, .exb-view script").count() == 0
    assert NASTY in offline.page.locator("#exb-origin").inner_text()
    assert offline.page.locator(".exb-piece").all_inner_texts() == page.locator(".exb-piece").all_inner_texts()
    offline.close()
    drawing = download(page, tmp_path, "view", "Picture", "SVG")
    assert not list(ElementTree.parse(drawing).getroot().iter(f"{SVG}script"))


def test_without_an_index_the_page_can_be_taken(bare_site: str, visit: Visit, chromium: Any, tmp_path: Path) -> None:
    page = visit(bare_site)
    assert page.locator("#exb-evidence .exb-menu-button").count() == 0
    offline = Offline(chromium, download(page, tmp_path, "view", "Whole page"))
    assert offline.page.locator(".exb-piece").count() > 20
    offline.close()


def test_menus_need_no_mouse(found: Any) -> None:
    button = found.locator("#exb-evidence .exb-menu-button")
    menu = found.locator("#exb-evidence [role=menu]")
    button.focus()
    found.keyboard.press("Enter")
    assert menu.is_visible() and button.get_attribute("aria-expanded") == "true"
    focused = "document.activeElement.innerText"
    assert found.evaluate(focused) == "Results\nCSV"
    found.keyboard.press("ArrowUp")
    assert found.evaluate(focused).startswith("Whole page")
    found.keyboard.press("Home")
    found.keyboard.press("ArrowDown")
    assert found.evaluate(focused) == "Results\nJSON"
    found.keyboard.press("Escape")
    assert menu.is_hidden() and found.evaluate("document.activeElement.ariaExpanded") == "false"
    button.click()
    found.locator(".exb-heading").click()
    assert menu.is_hidden()


def test_menus_stay_on_the_screen(site: str, visit: Visit) -> None:
    page = visit(site)
    for _, (width, _) in looks(page):
        for pane in ("view", "evidence"):
            page.locator(f"#exb-{pane} .exb-menu-button").click()
            box = page.locator(f"#exb-{pane} [role=menu]").bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= width
            assert fits(page)
            page.keyboard.press("Escape")


def test_failures_are_said(found: Any) -> None:
    found.route("**/component_server/**", lambda route: route.fulfill(status=200, body="null"))
    choose(found, "evidence", "Results", "CSV")
    found.wait_for_selector("text=That did not work: the server did not answer")
    found.unroute("**/component_server/**")
    search(found)
