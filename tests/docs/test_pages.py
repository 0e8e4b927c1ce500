"""What can be said of the pages without running them: links lead somewhere, and no block slips out of the tests."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from .pages import PAGES, ROOT, RUN, SHOWN, anchors_of, blocks_of, links_of, name_of

NOT_RUN: dict[str, dict[str, int]] = {
    "README.md": {"fills a virtual environment of its own": 1, "installs packages": 1},
    "docs/plugin.md": {"installs from GitHub": 3},
    "docs/scale_out.md": {"needs a cluster": 4},
    "docs/sharing.md": {"needs the Hub": 2},
    "docs/space.md": {"needs the Hub": 1},
}
"""Blocks that are not run, by page and reason. A block that is added here has to be worth it."""


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for link in links_of(page):
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = (page.parent / parts.path).resolve() if parts.path else page
        assert target.exists(), f"{name_of(page)} links to {link}, which is not there"
        assert target.is_relative_to(ROOT), f"{name_of(page)} links to {link}, outside of the repository"
        if parts.fragment and target.suffix == ".md":
            assert parts.fragment in anchors_of(target), f"{name_of(page)} links to {link}: there is no such heading"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_blocks_that_are_not_run_are_known_with_their_reasons(page: Path) -> None:
    blocks = blocks_of(page)
    for block in blocks:
        assert block.language in (*RUN, *SHOWN), f"{block}: {block.language!r} is neither run nor known as only shown"
    left_out = Counter(block.not_run for block in blocks if block.not_run)
    assert dict(left_out) == NOT_RUN.get(name_of(page), {})


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_that_a_page_names_exist(page: Path) -> None:
    for name in re.findall(
        r"`((?:exbert_hub|tests|benchmarks|docs|space|\.github)/[\w./-]+)`", page.read_text("utf-8")
    ):
        assert (ROOT / name).exists(), f"{name_of(page)} names {name}, which is not there"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_phrases_that_native_readers_stumble_over_do_not_come_back(page: Path) -> None:
    text = " ".join(page.read_text(encoding="utf-8").lower().split())
    for phrase in ("to be told from", "to be had", " mend ", "has not got", "whoever comes first goes first"):
        assert phrase not in text, f"{name_of(page)} says {phrase!r}"


def test_the_index_of_the_docs_names_every_page() -> None:
    index = ROOT / "docs/index.md"
    named = {(index.parent / urlsplit(link).path).resolve() for link in links_of(index)}
    pages = {page for page in (ROOT / "docs").iterdir() if page.suffix in (".md", ".ipynb")} - {index}
    assert not {page.name for page in pages - named}


def test_the_front_page_is_short() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 120
    assert "make demo" in text and "make test" in text
