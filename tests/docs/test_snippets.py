"""Every command and every snippet of the pages is run, and what a page shows is compared with what comes out."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from .pages import PAGES, RUN, blocks_of, name_of
from .snippets import Session

BUILD_IT_THEMSELVES = ("README.md",)
"""Pages that build `woz-bert`, so that it may not be there before."""


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if any(block.language in RUN and not block.not_run for block in blocks_of(page))],
    ids=name_of,
)
def test_what_a_page_shows_is_what_comes_out(page: Path, given: Path, tmp_path: Path) -> None:
    import gradio

    shutil.copytree(given, tmp_path, dirs_exist_ok=True)
    if name_of(page) in BUILD_IT_THEMSELVES:
        shutil.rmtree(tmp_path / "woz-bert")
    session = Session(tmp_path)
    try:
        for block in blocks_of(page):
            if not block.not_run and block.language in RUN:
                session.run(block)
    finally:
        gradio.close_all()
