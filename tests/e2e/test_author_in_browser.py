"""The author at the keyboard: nothing typed is lost, what is published shows at once, and all of it without script."""

from collections.abc import Generator

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, StorageState, expect

from cms_walk import Walk
from e2e_site import Site, soon

pytestmark = pytest.mark.timeout(180)
WAIT_MS = 30_000
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
    expect(page.locator("[data-saved]:not([hidden])")).to_contain_text("Saved")
    page.reload()
    assert text_of(page) == "A sentence in a tunnel."


def test_a_text_is_offered_until_it_is_answered_also_when_one_types_on_in_its_tab(
    site: Site, desk: BrowserContext
) -> None:
    page = begin(desk, site)
    page.on("dialog", lambda dialog: dialog.accept())
    page.route("**/draft", lambda route: route.abort())
    page.locator("#field-body").press_sequentially("A sentence in a tunnel.")
    page.evaluate(KEPT, "tunnel.")
    page.reload()
    expect(page.locator("#editor-rescue")).to_be_visible()
    page.unroute_all()
    page.locator("#field-body").press_sequentially("Another one.")
    expect(page.locator("[data-saved]:not([hidden])")).to_contain_text("Saved")
    page.reload()
    assert text_of(page) == "Another one."
    page.get_by_role("button", name="Bring it back").click()
    expect(page.locator("[data-conflict]")).to_contain_text("A sentence in a tunnel.")


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
    expect(page.locator("[data-saved]:not([hidden])")).to_contain_text("Saved")
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
    expect(page.locator("[data-saved]:not([hidden])")).to_contain_text("Saved")
    assert page.locator("#field-title").input_value() == "By hand"
    assert text_of(page) == "**a**_b_"


def test_two_tabs_get_a_comparison_and_neither_overwrites_the_other(site: Site, desk: BrowserContext) -> None:
    first = begin(desk, site)
    second = desk.new_page()
    second.goto(first.url)
    first.locator("#field-body").fill("From the first.")
    expect(first.locator("[data-saved]:not([hidden])")).to_contain_text("Saved")
    second.locator("#field-body").fill("From the second.")

    expect(second.locator(".diff ins")).to_have_text("second")
    expect(second.locator(".diff del")).to_have_text("first")
    second.get_by_label("Yours").fill("From both.")
    second.get_by_role("button", name="Save yours").click()
    expect(second.locator("#field-body")).to_have_value("From both.")
    expect(second.locator("#editor-rescue")).to_be_hidden()
    first.locator("#field-body").fill("From the first again.")
    first.get_by_role("button", name="Take the one saved elsewhere").click()
    expect(first.locator("#field-body")).to_have_value("From both.")
    expect(first.locator("#editor-rescue")).to_be_hidden()
    # What is typed from then on is kept as ever.
    address = first.url
    first.route("**/draft", lambda route: route.abort())
    first.locator("#field-body").fill("From a tunnel.")
    first.evaluate(KEPT, "From a tunnel.")
    first.close(run_before_unload=False)
    second.goto(address)
    expect(second.locator("#editor-rescue")).to_be_visible()
    second.goto(f"{address.partition('?')[0]}/revisions")
    for name in ("Saved elsewhere", "Set aside"):
        expect(second.get_by_text(name, exact=True).first).to_be_visible()


def conflicting(desk: BrowserContext, site: Site) -> Page:
    """A tab that is shown what another one saved meanwhile."""
    first = begin(desk, site)
    second = desk.new_page()
    second.goto(first.url)
    first.locator("#field-body").fill("From the first.")
    expect(first.locator("[data-saved]:not([hidden])")).to_contain_text("Saved", timeout=WAIT_MS)
    second.locator("#field-body").fill("From the second.")
    expect(second.get_by_label("Yours")).to_have_value("From the second.", timeout=WAIT_MS)
    return second


def test_a_text_that_is_merged_stays_while_the_rest_waits_and_outlives_the_tab(
    site: Site, desk: BrowserContext
) -> None:
    page = conflicting(desk, site)
    page.get_by_label("Yours").fill("From both.")
    desk.set_offline(True)
    desk.set_offline(False)
    expect(page.locator("form.editor")).to_have_attribute("inert", "", timeout=WAIT_MS)
    page.evaluate(KEPT, "From both.")
    expect(page.get_by_label("Yours")).to_have_value("From both.")
    address = page.url
    page.close(run_before_unload=False)

    page = desk.new_page()
    page.goto(address)
    page.get_by_role("button", name="Bring it back").click()
    expect(page.get_by_label("Yours")).to_have_value("From both.", timeout=WAIT_MS)
    expect(page.get_by_label("Saved elsewhere")).to_have_value("From the first.")
    page.get_by_label("Yours").press("Control+s")
    page.wait_for_url("**?said=saved")
    expect(page.locator("#field-body")).to_have_value("From both.")
    expect(page.locator("#editor-rescue")).to_be_hidden()


def test_a_conflict_that_a_button_came_to_keeps_both_texts_until_one_is_chosen(
    site: Site, desk: BrowserContext
) -> None:
    page = conflicting(desk, site)
    page.locator("#field-title").fill("Of two")
    page.get_by_role("button", name="Publish", exact=True).click()
    page.wait_for_url("**/publication")
    expect(page.locator("form.editor")).to_have_attribute("inert", "")
    expect(page.locator("#field-body")).to_have_value("From the first.")
    expect(page.get_by_label("Yours")).to_have_value("From the second.")


def test_a_save_whose_answer_is_lost_is_no_conflict_with_oneself(site: Site, desk: BrowserContext) -> None:
    page = begin(desk, site)
    lost: list[int] = []

    def lose(route: Route) -> None:
        lost.append(route.fetch().status)
        route.abort()

    page.route("**/draft", lose, times=1)
    page.locator("#field-body").fill("Before the tunnel.")
    page.locator("#field-body").press_sequentially(" And in it.")
    expect(page.locator("[data-saved]:not([hidden])")).to_contain_text("Saved", timeout=2 * WAIT_MS)
    expect(page.locator("[data-conflict]")).to_have_count(0)
    page.reload()
    assert (text_of(page), lost) == ("Before the tunnel. And in it.", [200])


def test_a_tab_that_was_duplicated_keeps_a_text_of_its_own(site: Site, desk: BrowserContext) -> None:
    first = begin(desk, site)
    address = first.url
    with desk.expect_page() as opened:
        # Which copies the session storage, as duplicating does.
        first.evaluate("() => { window.open(location.href) }")
    second = opened.value
    first.route("**/draft", lambda route: route.abort())
    first.locator("#field-body").fill("Typed in the first tab.")
    first.evaluate(KEPT, "Typed in the first tab.")
    first.close(run_before_unload=False)
    second.locator("#field-title").fill("Saved in the second")
    expect(second.locator("[data-saved]:not([hidden])")).to_contain_text("Saved")
    second.goto(address)
    second.get_by_role("button", name="Bring it back").click()
    assert text_of(second) == "Typed in the first tab."


def test_a_field_that_is_refused_is_told_beside_it_and_what_is_typed_meanwhile_is_saved(
    site: Site, desk: BrowserContext
) -> None:
    page = begin(desk, site)
    slug, note = page.get_by_label("Slug"), page.locator("#error-slug")
    slug.fill("Ferry Boat")
    page.locator("#field-body").fill("Typed on and on.")
    expect(note).to_be_visible()
    expect(slug).to_have_attribute("aria-invalid", "true")
    expect(slug).to_have_attribute("aria-describedby", "error-slug help-slug")
    expect(page.locator(".save-status")).to_contain_text("All is saved but this. Slug: ")
    other = desk.new_page()
    other.goto(page.url)
    assert (text_of(other), other.get_by_label("Slug").input_value()) == ("Typed on and on.", "")
    assert slug.input_value() == "Ferry Boat"
    # The browser keeps what the server does not have.
    page.evaluate(KEPT, "Ferry Boat")
    expect(page.locator("[data-unsaved]")).to_be_visible()
    slug.fill("ferry-boat")
    expect(page.locator("[data-saved]")).to_be_visible()
    expect(note).to_have_count(0)
    expect(slug).to_have_attribute("aria-describedby", "help-slug")
    assert slug.get_attribute("aria-invalid") is None


def test_a_server_that_asks_for_patience_is_asked_again(site: Site, desk: BrowserContext) -> None:
    page = begin(desk, site)
    held: list[Route] = []
    page.route("**/draft", lambda route: route.continue_() if held else held.append(route))
    page.locator("#field-body").fill("Too quick.")
    soon(page, lambda: bool(held))
    held[0].fulfill(status=429, headers={"retry-after": "1"}, body="")
    expect(page.locator("[data-saved]:not([hidden])")).to_contain_text("Saved", timeout=WAIT_MS)
    page.reload()
    assert text_of(page) == "Too quick."


def test_a_post_deleted_in_another_tab_leaves_the_text_that_is_typed_in_this_one(
    site: Site, desk: BrowserContext
) -> None:
    page, other = begin(desk, site), desk.new_page()
    other.goto(page.url)
    other.get_by_text("Delete", exact=True).click()
    other.get_by_role("button", name="Put into the trash").click()
    page.locator("#field-body").fill("Typed too late.")
    expect(page.locator("#flash-region")).to_contain_text("This post is in the trash")
    page.locator("#field-body").press_sequentially(" And on.")
    expect(page.locator("[data-unsaved]")).to_be_visible()
    page.evaluate(KEPT, "And on.")


def test_publishing_without_a_network_keeps_the_page_and_says_so(site: Site, desk: BrowserContext) -> None:
    page = begin(desk, site)
    page.locator("#field-title").fill("Out at sea")
    page.locator("#field-body").fill("No land in sight.")
    expect(page.locator("[data-saved]:not([hidden])")).to_contain_text("Saved")
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
    assert httpx.get(f"{site.url}/posts/without-haste").status_code == 410
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
    page.get_by_role("button", name="Put into the trash").click()
    expect(page.get_by_text("It can be brought back for 30 days.")).to_be_visible()
    assert httpx.get(f"{site.url}/posts/by-forms-alone").status_code == 410
    page.get_by_role("link", name="Trash").click()
    page.get_by_label("By forms alone").check()
    page.get_by_role("button", name="Bring back").click()
    expect(page.get_by_text("Brought back.")).to_be_visible()
    assert "No script ran." in httpx.get(f"{site.url}/posts/by-forms-alone").text


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
        expect(page).to_have_url(address)
        expect(page.get_by_role("button", name="Keep UTC")).to_have_count(0)
        page.get_by_role("button", name="Bring it back").click()
        expect(page.get_by_label("Publish at (UTC)")).to_have_value("2099-01-02T03:04")
        assert text_of(page) == "By the sun."
