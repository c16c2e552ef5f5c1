"""The statistics in a browser: each click is an address, back leads back; by keyboard, and without script."""

import re
from collections.abc import Generator

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from e2e_site import Site
from log_lines import CHROME

pytestmark = pytest.mark.timeout(120)
WAIT_MS = 30_000


@pytest.fixture
def page(site: Site, browser: Browser, signed_in: StorageState) -> Generator[Page]:
    """The statistics, where a click does not load the page anew; nothing may go wrong in its console."""
    with browser.new_context(storage_state=signed_in) as context:
        context.set_default_timeout(WAIT_MS)
        opened, trouble = context.new_page(), list[str]()
        opened.on("pageerror", lambda error: trouble.append(str(error)))
        opened.on("console", lambda told: trouble.append(told.text) if told.type == "error" else None)
        # On a busy machine the first answer may take longer than the page waits for it.
        while not opened.locator(".totals").count():
            opened.goto(f"{site.url}/author/statistics")
        opened.evaluate("window.sameDocument = true")
        yield opened
        assert trouble == []


def test_a_click_on_a_row_filters_and_back_leads_back(page: Page) -> None:
    page.get_by_role("link", name="Hacker News", exact=True).click()
    expect(page).to_have_url(re.compile(r"\?source=Hacker\+News$"))
    expect(page.locator(".filter-on")).to_have_count(1)
    page.get_by_role("link", name="Pages", exact=True).click()
    expect(page.get_by_role("link", name="Pages", exact=True)).to_have_attribute("aria-current", "page")
    expect(page).to_have_url(re.compile(r"part=pages&source=Hacker\+News$"))
    assert page.evaluate("window.sameDocument")
    page.go_back()
    expect(page.get_by_role("link", name="Overview", exact=True)).to_have_attribute("aria-current", "page")
    expect(page.locator(".filter-on")).to_have_count(1)
    page.get_by_role("link", name="Remove this filter").click()
    expect(page.locator(".filter-on")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/author/statistics$"))


def test_menus_work_by_keyboard_alone(page: Page) -> None:
    page.locator("summary", has_text="Filter").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("Country")
    page.keyboard.press("Tab")
    page.keyboard.type("is not")
    page.keyboard.press("Tab")
    page.keyboard.type("DE")
    page.keyboard.press("Enter")
    expect(page.locator(".filter-value")).to_have_text("Germany")
    expect(page).to_have_url(re.compile(r"/author/statistics\?not-country=DE$"))
    page.locator("summary", has_text="Export").focus()
    page.keyboard.press("Enter")
    expect(page.locator("details.menu[open]")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator("details.menu[open]")).to_have_count(0)
    expect(page.locator("summary", has_text="Export")).to_be_focused()


def test_who_is_here_now_comes_by_itself(page: Page, site: Site) -> None:
    page.locator("[data-live]").evaluate("element => element.querySelector('summary').textContent = 'old'")
    expect(page.locator("[data-live] summary")).not_to_have_text("old")
    assert page.evaluate("window.sameDocument")


def test_without_a_script_each_click_is_a_page(site: Site, browser: Browser, signed_in: StorageState) -> None:
    with browser.new_context(storage_state=signed_in, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{site.url}/author/statistics")
        page.get_by_role("link", name="Hacker News", exact=True).click()
        expect(page.locator(".filter-value")).to_have_text("Hacker News")
        page.locator("summary", has_text="Last 30 days").click()
        page.get_by_role("link", name="Last 7 days").click()
        expect(page).to_have_url(f"{site.url}/author/statistics?period=7&source=Hacker+News")
        page.locator("summary", has_text="Views").first.click()
        page.get_by_label("Keep this view as").fill("A week of news")
        page.get_by_role("button", name="Keep").click()
        page.locator("summary", has_text="Views").first.click()
        page.get_by_role("button", name="Delete the view A week of news").click()
        expect(page).to_have_url(f"{site.url}/author/statistics?period=7&source=Hacker+News")
        expect(page.get_by_role("link", name="A week of news")).to_have_count(0)


def test_pages_tell_how_they_are_read_once_the_author_asks(page: Page, site: Site, browser: Browser) -> None:
    page.goto(f"{site.url}/author/site/reading")
    page.get_by_label("Have pages tell how they are read").check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".flash-ok")).to_be_visible()
    with browser.new_context(user_agent=CHROME, viewport={"width": 360, "height": 740}) as context:
        reader = context.new_page()
        reader.goto(f"{site.url}/posts")
        reader.mouse.wheel(0, 100_000)
        reader.evaluate("document.querySelector('.site-footer a').href = 'http://127.0.0.1:9/'")
        with reader.expect_request("**/pages/read?**") as told:
            reader.locator(".site-footer a").first.click(no_wait_after=True)
    query = re.search(r"\?ms=\d+&depth=(\d+)&first=1&to=127\.0\.0\.1:9&at=/posts$", told.value.url)
    assert query is not None
    assert int(query[1]) > 0
    while not page.get_by_text("Sites that links lead to").count():
        page.goto(f"{site.url}/author/statistics?period=today&part=pages")
    slice_ = page.locator("#statistics-slice-reading")
    expect(slice_.get_by_role("link", name="/posts", exact=True)).to_be_visible()
    expect(page.locator("#statistics-slice-outbound")).to_contain_text("127.0.0.1:9")
