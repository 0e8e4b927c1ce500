"""Building an index from the page: a file in, progress, cancel, and results without loading the page again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from exbert_hub import demo
from exbert_hub.corpus import open_corpus

from ..hub.conftest import client, server  # noqa: F401  # fixtures
from .conftest import Visit
from .steps import await_results, looks, piece, received, state


@pytest.fixture
def machine(client: Any, page_of: Any) -> tuple[str, Path]:  # noqa: F811
    """The demo's model without an index, and where the machine keeps what is built."""
    home = client("builder", token=None, settings={"HF_HUB_OFFLINE": "1"})
    return page_of(home)[0], home.home


def indexes(home: Path) -> list[Path]:
    return [path for path in home.rglob("built-*") if path.is_dir()]


def start(page: Any, *, button: str = "Build an index") -> Any:
    page.get_by_role("button", name=button).click()
    return page.get_by_role("dialog")


def search(page: Any) -> None:
    before = received(page)
    piece(page, 10).click()
    page.get_by_role("button", name="Search corpus").click()
    await_results(page, before)


def test_a_sent_file_can_be_searched_without_loading_the_page_again(
    machine: tuple[str, Path], visit: Visit, tmp_path: Path
) -> None:
    site, home = machine
    tales = tmp_path / "tales.txt"
    tales.write_text("\n\n".join(s.text for s, _ in zip(open_corpus(demo.CORPUS), range(60), strict=False)))
    page = visit(site)
    dialog = start(page, button="Build one here")
    dialog.get_by_role("radio", name="File").click()
    dialog.get_by_label("File to send").set_input_files(tales)
    dialog.get_by_label("Annotator").select_option("blank")
    dialog.get_by_role("button", name="Annotate and estimate").click()
    dialog.get_by_role("button", name="Build", exact=True).wait_for()
    assert "60 sentences" in dialog.inner_text() and "of disk" in dialog.inner_text()
    assert not indexes(home)
    dialog.get_by_role("button", name="Build", exact=True).click()
    page.locator("#exb-evidence h2", has_text="tales").wait_for()
    assert not dialog.is_visible()
    search(page)
    assert state(page)["index"].startswith("built-tales-")
    address = page.url
    page.reload()
    page.wait_for_selector(".exb-result")
    assert page.url == address

    other = visit(site)  # where no other index is, it is there for everybody
    other.locator("#exb-evidence h2", has_text="tales").wait_for()
    search(other)


def test_a_build_survives_a_reload_is_seen_by_others_and_can_be_cancelled(
    machine: tuple[str, Path], visit: Visit
) -> None:
    site, home = machine
    page = visit(site)
    dialog = start(page)
    dialog.get_by_label("Sentences at most").fill("1831")
    dialog.get_by_role("button", name="Annotate and estimate").click()
    dialog.get_by_role("button", name="Build", exact=True).click()
    dialog.get_by_text("per second").wait_for()
    assert "left" in dialog.inner_text()
    page.reload()
    page.wait_for_selector("[data-drawn]")
    page.locator("#exb-setup").get_by_text("Indexing").wait_for()
    other = visit(site)
    other.locator("#exb-setup").get_by_text("Indexing").wait_for()
    theirs = start(other, button="Indexing")
    theirs.get_by_text("exbert-demo for exbert-mini").wait_for()
    dialog = start(page, button="Indexing")
    dialog.get_by_role("button", name="Cancel").click()
    dialog.get_by_text("Cancelled.").wait_for()
    theirs.get_by_text("Cancelled.").wait_for()
    assert page.get_by_text("No corpus index is open").is_visible()
    assert not [path for path in indexes(home) if (path / "exbert.json").exists()]


def test_what_cannot_be_built_is_told(machine: tuple[str, Path], visit: Visit, tmp_path: Path) -> None:
    site, _ = machine
    page = visit(site)
    dialog = start(page)
    dialog.get_by_role("radio", name="Folder").click()
    dialog.get_by_label("Path of the file or folder").fill("/no/such.txt")
    dialog.get_by_role("button", name="Annotate and estimate").click()
    dialog.get_by_role("alert").get_by_text("There is no file or folder /no/such.txt").wait_for()
    dialog.get_by_role("radio", name="Hub dataset").click()
    dialog.get_by_label("Hub id of the dataset").fill("owner/animals")
    dialog.get_by_role("button", name="Annotate and estimate").click()
    dialog.get_by_role("alert").get_by_text("owner/animals").wait_for()
    dialog.get_by_role("radio", name="File").click()
    (tmp_path / "page.html").write_text("<script>alert(1)</script>")
    dialog.get_by_label("File to send").set_input_files(tmp_path / "page.html")
    dialog.get_by_role("button", name="Annotate and estimate").click()
    dialog.get_by_role("alert").get_by_text("page.html is not one of .txt").wait_for()
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert page.evaluate("document.activeElement.textContent") == "Build an index"  # focus returns


def test_the_dialog_fits(site: str, visit: Visit) -> None:
    page = visit(site)
    dialog = start(page)
    for _, (width, _) in looks(page):
        for kind in ("File", "Hub dataset", "Folder"):
            dialog.get_by_role("radio", name=kind).click()
            box = dialog.bounding_box()
            assert 0 <= box["x"] and box["x"] + box["width"] <= width
            assert dialog.evaluate("one => one.scrollWidth <= one.clientWidth")
