"""The author at the keyboard: nothing typed is lost, what is published shows at once, and all of it without script."""

from collections.abc import Generator

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, StorageState, expect

from cms_walk import Walk
from e2e_site import Site

pytestmark = pytest.mark.timeout(180)
WAIT_MS = 10_000
KEPT = """(words) => new Promise((done) => {
    const asked = indexedDB.open("sdc");
    asked.onsuccess = function look() {
        const all = asked.result.transaction("texts").objectStore("texts").getAll();
        all.onsuccess = () => JSON.stringify(all.result).includes(words) ? done(window.saves) : setTimeout(look, 50);
    };
})"""
"""Waits until this browser keeps these words. The site's policy forbids the evaluation that Playwright's wait needs."""


@pytest.fixture
def desk(browser: Browser, signed_in: StorageState) -> Generator[BrowserContext]:
    """A browser in which the author is signed in, with script."""
    with browser.new_context(storage_state=signed_in) as context:
        context.set_default_timeout(WAIT_MS)
        yield context


@pytest.fixture
def plain_desk(browser: Browser, signed_in: StorageState) -> Generator[BrowserContext]:
    """The same without script."""
    with browser.new_context(storage_state=signed_in, java_script_enabled=False) as context:
        context.set_default_timeout(WAIT_MS)
        yield context


def begin(context: BrowserContext, site: Site) -> Page:
    """The editor of a new draft."""
    page = context.new_page()
    page.goto(f"{site.url}/author/posts")
    page.get_by_role("button", name="Write").click()
    page.locator("#field-body").wait_for()
    page.wait_for_load_state()
    return page


def text_of(page: Page) -> str:
    return page.locator("#field-body").input_value()


def test_a_text_typed_without_a_network_comes_back_after_the_tab_is_gone(site: Site, desk: BrowserContext) -> None:
    page = begin(desk, site)
    address = page.url
    desk.set_offline(True)
    page.locator("#field-body").press_sequentially("A sentence in a tunnel.")
    expect(page.locator("[data-unsaved]")).to_be_visible()
    page.evaluate(KEPT, "tunnel.")
    page.close(run_before_unload=False)
    desk.set_offline(False)

    page = desk.new_page()
    page.goto(address)
    page.get_by_role("button", name="Bring it back").click()
    expect(page.locator("[data-saved]")).to_contain_text("Saved")
    page.reload()
    assert text_of(page) == "A sentence in a tunnel."


def test_a_text_typed_before_the_script_is_there_is_kept_too(site: Site, desk: BrowserContext) -> None:
    address = begin(desk, site).url
    page = desk.new_page()
    held: list[Route] = []
    page.route("**/js/editor*", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks what it is given
    with page.expect_request("**/js/editor*"):
        page.goto(address, wait_until="commit")
    page.locator("#field-body").fill("Faster than the script.")
    (route,) = held
    route.continue_()
    page.unroute_all()
    expect(page.locator("[data-saved]")).to_contain_text("Saved")
    page.reload()
    assert text_of(page) == "Faster than the script."


def test_typing_without_a_pause_is_kept_and_saved_all_the_same(site: Site, desk: BrowserContext) -> None:
    page = begin(desk, site)
    page.evaluate("window.saves = 0; document.addEventListener('htmx:before:request', () => { window.saves += 1; })")
    # Watched from the first key on: what was saved when the words were first kept.
    page.evaluate(f"void (window.first = ({KEPT})('no pause'))")
    page.locator("#field-body").press_sequentially(
        "no pause at all between these words of mine, not even one", delay=30
    )
    assert page.evaluate("window.first") == 0
    assert page.evaluate("window.saves") >= 1


def test_a_new_draft_is_written_formatted_and_saved_by_keys_alone(site: Site, desk: BrowserContext) -> None:
    page = begin(desk, site)
    page.keyboard.type("By hand")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    for key in ("Control+b", "a", "End", "Control+i", "b"):
        page.keyboard.press(key)
    page.keyboard.press("Control+s")
    expect(page.locator("[data-saved]")).to_contain_text("Saved")
    assert page.locator("#field-title").input_value() == "By hand"
    assert text_of(page) == "**a**_b_"


def test_two_tabs_get_a_comparison_and_neither_overwrites_the_other(site: Site, desk: BrowserContext) -> None:
    first = begin(desk, site)
    second = desk.new_page()
    second.goto(first.url)
    first.locator("#field-body").fill("From the first.")
    expect(first.locator("[data-saved]")).to_contain_text("Saved")
    second.locator("#field-body").fill("From the second.")

    expect(second.locator(".diff ins")).to_have_text("second")
    expect(second.locator(".diff del")).to_have_text("first")
    second.get_by_label("Yours").fill("From both.")
    second.get_by_role("button", name="Save the text on the left").click()
    expect(second.locator("#field-body")).to_have_value("From both.")
    expect(second.locator("#editor-rescue")).to_be_hidden()


def test_a_post_deleted_in_another_tab_leaves_the_text_that_is_typed_in_this_one(
    site: Site, desk: BrowserContext
) -> None:
    page, other = begin(desk, site), desk.new_page()
    other.goto(page.url)
    other.get_by_text("Delete", exact=True).click()
    other.get_by_role("button", name="Delete for good").click()
    page.locator("#field-body").fill("Typed too late.")
    expect(page.locator("#flash-region")).to_contain_text("There is no such post.")
    page.locator("#field-body").press_sequentially(" And on.")
    expect(page.locator("[data-unsaved]")).to_be_visible()
    page.evaluate(KEPT, "And on.")


def test_publishing_without_a_network_keeps_the_page_and_says_so(site: Site, desk: BrowserContext) -> None:
    page = begin(desk, site)
    page.locator("#field-title").fill("Out at sea")
    page.locator("#field-body").fill("No land in sight.")
    expect(page.locator("[data-saved]")).to_contain_text("Saved")
    publish = page.get_by_role("button", name="Publish", exact=True)
    desk.set_offline(True)
    publish.click()
    expect(page.get_by_text("The server does not answer, so nothing was done.")).to_be_visible()
    page.locator("#field-body").press_sequentially(" A gull.")
    publish.click()
    assert text_of(page) == "No land in sight. A gull."
    assert httpx.get(f"{site.url}/posts/out-at-sea").status_code == 404
    desk.set_offline(False)
    publish.click()
    page.wait_for_url("**?said=published")
    assert "A gull." in httpx.get(f"{site.url}/posts/out-at-sea").text


def test_what_is_published_shows_at_once_moves_with_its_slug_and_goes_at_once(site: Site, desk: BrowserContext) -> None:
    page = begin(desk, site)
    page.locator("#field-title").fill("Published in a hurry")
    page.locator("#field-body").fill("Hurried words.")
    page.get_by_label("Slug").fill("in-a-hurry")
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.locator(".state-published").first).to_be_visible()
    assert "Hurried words." in httpx.get(f"{site.url}/posts/in-a-hurry").text
    expect(page.locator("#editor-rescue")).to_be_hidden()

    page.get_by_label("Slug").fill("without-haste")
    page.get_by_role("button", name="Publish changes").click()
    page.wait_for_url("**?said=published")
    expect(page.get_by_role("link", name="view on the site")).to_have_attribute("href", "/posts/without-haste")
    moved = httpx.get(f"{site.url}/posts/in-a-hurry")
    assert (moved.status_code, moved.headers["location"]) == (301, "/posts/without-haste")

    page.get_by_role("button", name="Unpublish").click()
    expect(page.locator(".state-draft").first).to_be_visible()
    assert httpx.get(f"{site.url}/posts/without-haste").status_code == 404
    assert text_of(page) == "Hurried words."


def test_without_script_a_text_is_written_published_and_deleted(site: Site, plain_desk: BrowserContext) -> None:
    page = begin(plain_desk, site)
    page.locator("#field-title").fill("By forms alone")
    page.locator("#field-body").fill("No script ran.")
    page.get_by_role("button", name="Save draft").click()
    assert text_of(page) == "No script ran."
    page.get_by_role("button", name="Publish", exact=True).click()
    assert "No script ran." in httpx.get(f"{site.url}/posts/by-forms-alone").text
    page.get_by_text("Delete", exact=True).click()
    page.get_by_role("button", name="Delete for good").click()
    assert httpx.get(f"{site.url}/posts/by-forms-alone").status_code == 404


def test_a_text_sent_after_the_session_ended_is_handed_back(site: Site, plain_desk: BrowserContext) -> None:
    page = begin(plain_desk, site)
    page.locator("#field-body").fill("Written too long.")
    cookies = plain_desk.cookies()
    plain_desk.clear_cookies()
    page.get_by_role("button", name="Save draft").click()
    expect(page.get_by_label("Text")).to_have_value("Written too long.")

    plain_desk.add_cookies([{"name": each["name"], "value": each["value"], "url": site.url} for each in cookies])
    page.get_by_role("button", name="Send it again").click()
    assert text_of(page) == "Written too long."


def test_an_author_in_another_time_zone_is_offered_it_once_and_what_was_typed_before_means_what_it_said(
    site: Site, browser: Browser, walks: list[Walk]
) -> None:
    with browser.new_context(timezone_id="America/New_York") as context:
        for name, value in walks[1].cookies.items():
            context.add_cookies([{"name": name, "value": value, "url": site.url}])
        page = begin(context, site)
        address = page.url
        context.set_offline(True)
        page.get_by_label("Publish at (UTC)").fill("2099-01-02T03:04")
        page.locator("#field-body").press_sequentially("By the sun.")
        page.evaluate(KEPT, "By the sun.")
        page.close(run_before_unload=False)
        context.set_offline(False)

        page = context.new_page()
        page.goto(address)
        page.get_by_role("button", name="Tell them in America/New York").click()
        expect(page.get_by_label("Publish at (America/New York)")).to_be_visible()
        assert page.url == address
        expect(page.get_by_role("button", name="Keep UTC")).to_have_count(0)
        page.get_by_role("button", name="Bring it back").click()
        expect(page.get_by_label("Publish at (UTC)")).to_have_value("2099-01-02T03:04")
        assert text_of(page) == "By the sun."


def test_a_job_that_is_run_stays_one_row_and_keeps_the_focus(site: Site, desk: BrowserContext) -> None:
    page = desk.new_page()
    page.goto(f"{site.url}/author/jobs")
    row = page.locator('[id="jobs-job-cron.expire"]')
    row.get_by_role("button", name="Run now").press("Enter")
    expect(row.locator(".state-ok")).to_be_visible()
    expect(row).to_have_count(1)
    expect(row.get_by_role("button", name="Run now")).to_be_focused()
