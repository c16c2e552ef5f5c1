"""Parts of pages that ask for themselves again and again take the focus from nobody."""

from collections.abc import Generator

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, expect

from e2e_site import Site

pytestmark = pytest.mark.timeout(300)
LONG_MS = 120_000


@pytest.fixture
def desk(browser: Browser, signed_in: StorageState) -> Generator[BrowserContext]:
    """A browser in which the author is signed in."""
    with browser.new_context(storage_state=signed_in) as context:
        context.set_default_timeout(LONG_MS)
        yield context


def begin(page: Page, button: str) -> None:
    """An export that is under way when the page is there."""
    page.get_by_role("button", name=button).click()
    page.locator("#exports-list-all[hx-trigger]").wait_for()


def test_while_an_export_is_made_the_focus_and_what_was_unfolded_stay(
    site: Site, desk: BrowserContext, author: httpx.Client
) -> None:
    post = author.post("/author/posts", data={"kind": "post"}).headers["location"]
    text = {"title": "To nowhere", "body_markdown": "[gone](/posts/nothing-there)", "base_revision": "1"}
    assert author.post(f"{post}/publication", data={**text, "intent": "anyway"}).status_code == 303
    page = desk.new_page()
    page.goto(f"{site.url}/author/exports")
    begin(page, "Make a static copy")
    expect(page.locator(".state").first).to_have_text("made", timeout=LONG_MS)
    begin(page, "Make an export")
    older = page.locator(".transfer-list > li").nth(1)
    older.locator("summary").click()
    older.get_by_role("button", name="Delete").focus()
    with page.expect_response("**/author/exports"):
        pass
    expect(page.locator(".state").first).to_have_text("made", timeout=LONG_MS)
    # It asks no more, and who is there stays there.
    expect(page.locator("#exports-list-all")).not_to_have_attribute("hx-trigger", "every 2s")
    expect(older.get_by_role("button", name="Delete")).to_be_focused()
    expect(older.locator("details")).to_have_attribute("open", "")


def test_a_button_that_goes_with_its_part_leaves_the_focus_to_the_part_and_becomes_no_other(
    site: Site, desk: BrowserContext
) -> None:
    page = desk.new_page()
    page.goto(f"{site.url}/author/exports")
    begin(page, "Make a static copy")
    page.get_by_role("button", name="Cancel").first.focus()
    expect(page.locator(".state").first).to_have_text("made", timeout=LONG_MS)
    expect(page.locator("#exports-list-all")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#exports-list-all :focus")).to_have_count(1)


def test_a_drill_that_runs_takes_the_focus_from_no_link_of_the_page(site: Site, desk: BrowserContext) -> None:
    page = desk.new_page()
    page.goto(f"{site.url}/author/backups")
    page.get_by_role("button", name="Run a restore drill now").click()
    page.locator("#backups-standing[hx-trigger]").wait_for()
    link = page.locator("#jobs-runs-latest a").first
    link.focus()
    with page.expect_response("**/author/backups"):
        pass
    expect(page.locator("#backups-standing[hx-trigger]")).to_have_count(0)
    expect(link).to_be_focused()
