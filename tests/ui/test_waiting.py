"""Where a visitor stands while the server answers others."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from exbert_hub import CorpusIndex, Inspector, demo
from exbert_hub.app.config.settings import Settings
from exbert_hub.app.page.blocks import build_page, launch_options
from exbert_hub.app.service.model_session import ModelSession

from .conftest import free_port
from .steps import await_results, mask, piece, received


class Held(ModelSession):
    """Answers no search before it is let go."""

    def __init__(self, *what) -> None:
        super().__init__(*what)
        self.begun, self.go_on = threading.Event(), threading.Event()

    def search(self, data):
        self.begun.set()
        assert self.go_on.wait(120)
        return super().search(data)


@pytest.fixture
def held(index_folder) -> Iterator[tuple[str, Held]]:
    """A page that works on one request at a time."""
    inspector = Inspector.from_pretrained(demo.MODEL, local_files_only=True)
    session = Held(inspector, CorpusIndex.from_pretrained(index_folder))
    page, port = build_page(session, Settings()), free_port()
    page.queue(max_size=8, default_concurrency_limit=1)
    page.launch(server_port=port, prevent_thread_lock=True, quiet=True, **launch_options())
    yield f"http://127.0.0.1:{port}", session
    session.go_on.set()
    page.close()


def place(page, elem: str):
    return page.locator(f"#{elem} .exb-line[role='status']")


def begin_search(page) -> int:
    before = received(page)
    piece(page, 3).click()
    page.get_by_role("button", name="Search corpus").click()
    return before


def test_who_waits_is_told_the_place_in_the_line_until_it_is_their_turn(visit, held):
    site, session = held
    pages = [visit(site) for _ in range(4)]
    befores = [begin_search(pages[0])]
    assert session.begun.wait(60)
    befores += [begin_search(pages[1])]
    place(pages[1], "exb-evidence").get_by_text("you are next in line").wait_for()
    befores += [begin_search(pages[2])]
    place(pages[2], "exb-evidence").get_by_text("you are 2nd in line").wait_for()
    piece(pages[3], 3).dblclick()  # another kind of question, the same line
    place(pages[3], "exb-view").get_by_text("you are 3rd in line").wait_for()
    assert place(pages[0], "exb-evidence").text_content() == ""  # being answered
    session.go_on.set()
    for page, before in zip(pages[:3], befores, strict=True):
        await_results(page, before)
        assert place(page, "exb-evidence").text_content() == ""
    pages[3].wait_for_selector(".exb-from [data-token='3'][data-masked]")
    assert place(pages[3], "exb-view").text_content() == ""


def test_nobody_is_told_of_a_line_where_there_is_none(visit, held):
    site, session = held
    session.go_on.set()
    page = visit(site)
    page.evaluate(
        "() => { window.seen = []; for (const node of document.querySelectorAll('.exb-line'))"
        " new MutationObserver(() => seen.push(node.textContent)).observe(node, { childList: true }); }"
    )
    await_results(page, begin_search(page))
    mask(page, 5)
    assert not any(page.evaluate("seen"))
