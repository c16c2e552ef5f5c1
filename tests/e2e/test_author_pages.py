"""Every page of the CMS in a browser: none breaks the policy, has a script that fails, goes sideways or has something
for axe to find; lists follow what is typed.
"""

import re
from collections.abc import Generator

import httpx
import page_checks
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, ViewportSize, expect

import cms_walk
from cms_walk import Walk
from e2e_site import Site, soon

pytestmark = pytest.mark.timeout(600)
WAIT_MS = 30_000
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


class Look:
    """What is wrong with the pages of the CMS: each is opened once for all that is asked of it."""

    def __init__(self, browser: Browser, url: str, walks: list[Walk]) -> None:
        self.refused, self.failed, self.wide = list[str](), list[str](), list[str]()
        self.axe: list[page_checks.Finding] = []
        for walk in walks:
            with browser.new_context(color_scheme="light") as context:
                context.add_init_script(WATCH)
                page_checks.come_in(context, url, walk.cookies)
                page, told = watched(context)
                for path in walk.paths:
                    self._look_at(page, url, path)
                # A page that is not there says so in the console, too.
                self.failed += [each for each in told if "the server responded with a status of 4" not in each]

    def _look_at(self, page: Page, url: str, path: str) -> None:
        page.set_viewport_size(SMALLEST)
        page.goto(url + path)
        self.refused += [f"{path}: {refused}" for refused in page.evaluate("window.refused")]
        self._measure(page, path, SMALLEST)
        self.axe += page_checks.axe(page, path)
        page.set_viewport_size(ZOOMED)
        self._measure(page, path, ZOOMED)

    def _measure(self, page: Page, path: str, size: ViewportSize) -> None:
        wide = page.evaluate("document.documentElement.scrollWidth")
        self.wide += [f"{path}: {wide} px wide in {size['width']}"] if wide > size["width"] else []


@pytest.fixture(scope="module")
def look(site: Site, browser: Browser, walks: list[Walk]) -> Look:
    return Look(browser, site.url, walks)


def test_no_page_of_the_cms_breaks_the_policy(look: Look) -> None:
    assert look.refused == []


def test_no_page_of_the_cms_has_a_script_that_fails(look: Look) -> None:
    assert look.failed == []


def test_no_page_of_the_cms_goes_sideways(look: Look) -> None:
    assert look.wide == []


def test_axe_finds_nothing_on_any_page_of_the_cms(look: Look) -> None:
    assert look.axe == []


def test_the_walks_lead_to_every_page_of_the_cms_that_there_is(author: httpx.Client, walks: list[Walk]) -> None:
    assert cms_walk.unvisited(walks, author) == []


def test_what_the_policy_refuses_is_noticed_whenever_it_comes(
    site: Site, desk: BrowserContext, trouble: list[str]
) -> None:
    page = desk.new_page()
    page.goto(f"{site.url}/author")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">Fog</p>')")
    soon(page, lambda: any("Content Security Policy" in each for each in trouble))
    trouble.clear()


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
    expect_selected(page, 5, 14)
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Before it goes out")
    page.locator(".finding", has_text="TODO").get_by_role("link").click()
    expect_selected(page, 5, 14)
    page.get_by_role("button", name="Publish", exact=True).click()
    page.get_by_role("button", name="Publish anyway").click()
    expect(page.locator(".state-published").first).to_be_visible()
    page.get_by_role("button", name="Unpublish").click()
    expect(page.locator(".state-draft").first).to_be_visible()
    assert trouble == []


def expect_selected(page: Page, first: int, last: int) -> None:
    """That much of the text, told without a script that the pages' policy forbids."""
    body = page.locator("#field-body")
    expect(body).to_be_focused()
    expect(body).to_have_js_property("selectionStart", first)
    expect(body).to_have_js_property("selectionEnd", last)
