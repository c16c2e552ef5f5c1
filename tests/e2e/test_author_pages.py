"""Every page of the CMS in a browser: none breaks the policy or has a script that fails; lists follow what is typed."""

import re
from collections.abc import Generator

import httpx
import page_checks
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, ViewportSize, expect

import cms_walk
from cms_walk import Walk
from e2e_site import Site

pytestmark = pytest.mark.timeout(240)
WAIT_MS = 10_000
SMALLEST, ZOOMED = ViewportSize(width=320, height=640), ViewportSize(width=720, height=450)
"""The narrowest phone, and a desk's 1440 px at twice the size."""
WATCH = """
window.refused = [];
document.addEventListener("securitypolicyviolation", (event) => {
    window.refused.push(`${event.violatedDirective} ${event.blockedURI}`);
});
"""


@pytest.fixture
def desk(browser: Browser, signed_in: StorageState) -> Generator[BrowserContext]:
    """A browser in which the author is signed in, and that notes what the policy refuses."""
    with browser.new_context(storage_state=signed_in) as context:
        context.set_default_timeout(WAIT_MS)
        context.add_init_script(WATCH)
        yield context


def watched(desk: BrowserContext) -> tuple[Page, list[str]]:
    """A page, and what goes wrong on it from now on."""
    page, trouble = desk.new_page(), list[str]()
    page.on("pageerror", lambda error: trouble.append(f"{page.url}: {error}"))
    page.on("console", lambda told: trouble.append(f"{page.url}: {told.text}") if told.type == "error" else None)
    return page, trouble


def test_no_page_of_the_cms_breaks_the_policy_has_a_script_that_fails_or_goes_sideways(
    site: Site, browser: Browser, walks: list[Walk]
) -> None:
    trouble: list[str] = []
    for walk in walks:
        with browser.new_context() as context:
            context.add_init_script(WATCH)
            page_checks.come_in(context, site.url, walk.cookies)
            page, told = watched(context)
            for path in walk.paths:
                page.goto(site.url + path)
                trouble += [f"{path}: {refused}" for refused in page.evaluate("window.refused")]
                for size in (SMALLEST, ZOOMED):
                    page.set_viewport_size(size)
                    wide = page.evaluate("document.documentElement.scrollWidth")
                    trouble += [f"{path}: {wide} px wide in {size['width']}"] if wide > size["width"] else []
            # A page that is not there says so in the console, too.
            trouble += [each for each in told if "the server responded with a status of 4" not in each]
    assert trouble == []


def test_the_walks_lead_to_every_page_of_the_cms_that_there_is(author: httpx.Client, walks: list[Walk]) -> None:
    assert cms_walk.unvisited(walks, author) == []


def test_the_list_follows_what_is_typed_and_back_leads_back_to_it(site: Site, desk: BrowserContext) -> None:
    page, trouble = watched(desk)
    page.goto(f"{site.url}/author/posts")
    all_rows = page.locator(".posts-table tbody tr").count()
    page.get_by_label("Search titles and texts").press_sequentially("moss asks")
    expect(page.locator(".posts-table tbody tr")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"q=moss(\+|%20)asks"))
    expect(page.get_by_label("Search titles and texts")).to_be_focused()
    page.get_by_role("link", name="Moss asks for nothing", exact=True).click()
    page.locator("#field-body").wait_for()
    page.go_back()
    expect(page.get_by_label("Search titles and texts")).to_have_value("moss asks")
    expect(page.locator(".posts-table tbody tr")).to_have_count(1)
    assert all_rows > 1
    assert page.evaluate("window.refused") == trouble == []


def test_several_texts_are_ticked_by_one_box_and_nothing_is_done_unasked(site: Site, desk: BrowserContext) -> None:
    page, trouble = watched(desk)
    page.goto(f"{site.url}/author/posts")
    rows = page.locator(".posts-table tbody tr").count()
    page.get_by_label("Select all on this page").check()
    expect(page.locator("[data-selected]")).to_have_text(f"{rows} selected")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Delete {rows} texts?")
    page.get_by_role("link", name="Cancel").click()
    expect(page.locator(".posts-table tbody tr")).to_have_count(rows)
    assert trouble == []


def test_what_wants_mending_is_told_beside_the_text_and_before_it_goes_out(site: Site, desk: BrowserContext) -> None:
    page, trouble = watched(desk)
    page.goto(f"{site.url}/author/posts")
    page.get_by_role("button", name="Write").click()
    page.locator("#field-title").fill("Half finished")
    page.locator("#field-body").fill("One\n\nTODO: two")
    page.locator(".finding", has_text="TODO").get_by_role("link", name="line 3").click()
    assert page.evaluate("document.getSelection().toString()") == "TODO: two"
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Before it goes out")
    page.locator(".finding", has_text="TODO").get_by_role("link").click()
    assert page.evaluate("document.getSelection().toString()") == "TODO: two"
    page.get_by_role("button", name="Publish", exact=True).click()
    page.get_by_role("button", name="Publish anyway").click()
    expect(page.locator(".state-published").first).to_be_visible()
    page.get_by_role("button", name="Unpublish").click()
    expect(page.locator(".state-draft").first).to_be_visible()
    assert trouble == []
