"""`launch` without an index: a trusted shared one is opened, a stranger's is offered and opened in one click."""

from ..hub.conftest import client, folder, inspector, server, share  # noqa: F401  # fixtures
from .steps import await_results, piece, received


def search(page):
    before = received(page)
    piece(page, 10).click()
    page.locator("[data-value='0']").first.click()
    page.get_by_role("button", name="Search corpus").click()
    await_results(page, before)


def test_a_strangers_index_is_offered_and_opened_in_one_click(server, client, folder, page_of, visit):  # noqa: F811
    share(server, "bob/tales", folder)
    reader = client("reader", token=None)
    site, log = page_of(reader)
    assert "faiss/heads-00.faiss" not in reader.cached()
    page = visit(site)
    page.get_by_text("Somebody shares an index of this model").wait_for()
    assert "hf-exbert launch" in page.locator("#exb-evidence .exb-code").inner_text()
    page.get_by_role("button", name="Open bob/tales").click()
    page.locator("#exb-evidence h2", has_text="tales").wait_for()
    search(page)
    assert page.locator(".exb-result").count() > 10
    assert "The page offers the shared index bob/tales" in log.read_text()


def test_ones_own_index_is_opened_by_itself(server, client, folder, page_of, visit):  # noqa: F811
    share(server, "alice/tales", folder)
    site, log = page_of(client("alice"))
    page = visit(site)
    page.locator("#exb-evidence h2", has_text="tales").wait_for()
    search(page)
    assert "Opening the shared index alice/tales" in log.read_text()


def test_without_any_the_attention_view_works(server, client, page_of, visit):  # noqa: F811
    site, _ = page_of(client("reader", token=None))
    page = visit(site)
    page.get_by_text("No corpus index is open").wait_for()
    assert page.locator(".exb-from .exb-piece").count() > 10
