"""What axe has to say of pages of the CMS that something has happened on: a refusal, a conflict, an open dialog."""

from collections.abc import Callable, Generator

import httpx
import page_checks
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, expect

from e2e_site import Site, soon

pytestmark = pytest.mark.timeout(180)
WAIT_MS = 30_000


@pytest.fixture
def desk(browser: Browser, signed_in: StorageState) -> Generator[BrowserContext]:
    """A browser in which the author is signed in."""
    with browser.new_context(storage_state=signed_in, color_scheme="light") as context:
        context.set_default_timeout(WAIT_MS)
        yield context


@pytest.fixture
def page(desk: BrowserContext, site: Site, author: httpx.Client) -> Page:
    """The editor of a new draft, on a phone."""
    opened = desk.new_page()
    opened.set_viewport_size(page_checks.PHONE)
    opened.goto(site.url + author.post("/author/posts", data={"kind": "post"}).headers["location"])
    opened.locator("[data-toolbar]").wait_for()
    return opened


def a_conflict(page: Page) -> None:
    other = page.context.new_page()
    other.goto(page.url)
    other.locator("#field-body").fill("From elsewhere.")
    expect(other.locator("[data-saved]:not([hidden])")).to_contain_text("Saved")
    page.locator("#field-body").fill("From here.")
    expect(page.get_by_role("button", name="Take the one saved elsewhere")).to_be_visible()


def a_refused_field(page: Page) -> None:
    page.get_by_label("Slug").fill("Ferry Boat")
    expect(page.locator("#error-slug")).to_be_visible()


def a_refused_page(page: Page) -> None:
    a_refused_field(page)
    page.get_by_role("button", name="Publish", exact=True).click()
    page.wait_for_url("**/publication")
    expect(page.locator(".save-status")).to_contain_text("All is saved but this.")


def what_is_told_before_it_goes_out(page: Page) -> None:
    page.locator("#field-title").fill("Half finished")
    page.locator("#field-body").fill("TODO: more, and [nothing](/posts/nowhere).")
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Before it goes out")


def the_keys(page: Page) -> None:
    page.keyboard.press("Control+/")
    expect(page.locator("#editor-keys")).to_be_visible()


def the_pictures(page: Page) -> None:
    page.get_by_role("toolbar").get_by_role("button", name="Picture or file", exact=True).click()
    page.locator(".picture-choice").first.wait_for()


def the_links(page: Page) -> None:
    page.get_by_role("toolbar").get_by_role("button", name="Link", exact=True).click()
    page.locator(".link-choice").first.wait_for()


def everything_unfolded(page: Page) -> None:
    for each in page.locator("main details > summary").all():
        if each.is_visible():
            each.click()


def the_preview_beside(page: Page) -> None:
    page.locator("#field-body").fill("# Fog\n\nOn the river.")
    page.keyboard.press("Control+Shift+Enter")
    page.frame_locator("iframe.preview").get_by_text("On the river.").wait_for()


def a_text_that_this_browser_kept(page: Page) -> None:
    page.context.set_offline(True)
    page.locator("#field-body").fill("Typed in a tunnel.")
    expect(page.locator("[data-unsaved]")).to_be_visible()
    soon(page, lambda: "tunnel" in str(page.evaluate(KEPT)))
    address, context = page.url, page.context
    page.close(run_before_unload=False)
    context.set_offline(False)
    again = context.new_page()
    again.set_viewport_size(page_checks.PHONE)
    again.goto(address)
    expect(again.locator("#editor-rescue")).to_be_visible()


KEPT = """() => new Promise((done) => {
    indexedDB.open("sdc").onsuccess = ({ target }) => {
        target.result.transaction("texts").objectStore("texts").getAll().onsuccess = (found) => done(JSON.stringify(found.target.result));
    };
})"""  # noqa: E501


@pytest.mark.parametrize(
    "happens",
    [
        a_conflict,
        a_refused_field,
        a_refused_page,
        what_is_told_before_it_goes_out,
        the_keys,
        the_pictures,
        the_links,
        everything_unfolded,
        the_preview_beside,
        a_text_that_this_browser_kept,
    ],
)
def test_axe_finds_nothing_on_the_editor_when_something_has_happened(
    page: Page, happens: Callable[[Page], None]
) -> None:
    context = page.context
    happens(page)
    shown = page if not page.is_closed() else context.pages[-1]
    assert list(page_checks.axe(shown, str(happens))) == []
