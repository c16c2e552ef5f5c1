"""What the browser kept is offered where one looks, and a session that ends takes no text away from under the hands."""

import re
from collections.abc import Generator

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, StorageState, expect

from cms_walk import Walk
from e2e_site import Site, soon

pytestmark = pytest.mark.timeout(180)
WAIT_MS = 30_000
WINDOWS = {"desk": {"width": 1440, "height": 900}, "phone": {"width": 360, "height": 640}}
KEPT = """(words) => new Promise((done) => {
    const asked = indexedDB.open("sdc");
    asked.onsuccess = function look() {
        const all = asked.result.transaction("texts").objectStore("texts").getAll();
        all.onsuccess = () => JSON.stringify(all.result).includes(words) ? done() : setTimeout(look, 50);
    };
})"""
"""Waits until this browser keeps these words."""
LINE = "A line of a long text, which goes on.\n"
LONG = LINE * 400
CARET = """(area) => {
    const line = area.value.slice(0, area.selectionStart).split("\\n").length - 1;
    const rows = area.value.split("\\n").length;
    const { top, height } = area.getBoundingClientRect();
    const at = top + (height * line) / rows - area.scrollTop;
    return at > 0 && at < innerHeight;
}"""
"""Whether the line of the caret is in the window: lines of equal length take equal room."""


def opened(browser: Browser, signed_in: StorageState, window: str) -> BrowserContext:
    context = browser.new_context(storage_state=signed_in, viewport=WINDOWS[window])  # ty: ignore[invalid-argument-type]
    context.set_default_timeout(WAIT_MS)
    return context


@pytest.fixture
def desk(browser: Browser, signed_in: StorageState) -> Generator[BrowserContext]:
    """A browser in which the author is signed in."""
    with opened(browser, signed_in, "desk") as context:
        yield context


def begin(context: BrowserContext, site: Site, author: httpx.Client) -> Page:
    """The editor of a new draft."""
    page = context.new_page()
    page.goto(site.url + author.post("/author/posts", data={"kind": "post"}).headers["location"])
    page.wait_for_load_state("networkidle")
    return page


def text_of(page: Page) -> str:
    return page.locator("#field-body").input_value()


def saved(page: Page) -> None:
    expect(page.locator("[data-saved]:not([hidden])")).to_contain_text("Saved")


@pytest.mark.parametrize("window", WINDOWS)
def test_in_the_midst_of_a_long_text_the_offer_is_seen_heard_and_answered_without_losing_the_place(
    site: Site, browser: Browser, signed_in: StorageState, author: httpx.Client, window: str
) -> None:
    with opened(browser, signed_in, window) as context:
        page = begin(context, site, author)
        body = page.locator("#field-body")
        body.fill(LONG)
        saved(page)
        page.route("**/draft", lambda route: route.abort())
        middle = 200 * len(LINE)
        body.evaluate("(area, at) => { area.focus(); area.setSelectionRange(at, at); }", middle)
        page.keyboard.type("Typed in a tunnel. ")
        page.evaluate(KEPT, "Typed in a tunnel.")
        soon(page, lambda: body.evaluate(CARET))
        page.on("dialog", lambda dialog: dialog.accept())
        page.reload()
        page.unroute_all()

        offer = page.get_by_role("alert").filter(has_text="This browser kept a newer text")
        expect(offer).to_be_in_viewport(ratio=1)
        assert page.evaluate("scrollY") > 1000
        # It takes no key from whoever types on.
        expect(body).to_be_focused()
        page.get_by_role("button", name="Bring it back").click()
        expect(offer).to_be_hidden()
        expect(body).to_be_focused()
        at = middle + len("Typed in a tunnel. ")
        assert body.evaluate("(area) => area.selectionStart") == at
        soon(page, lambda: body.evaluate(CARET))
        page.keyboard.type("And after it. ")
        saved(page)
        assert text_of(page)[middle:].startswith("Typed in a tunnel. And after it. A line")


def test_an_offer_that_is_discarded_moves_no_line_and_no_caret(
    site: Site, desk: BrowserContext, author: httpx.Client
) -> None:
    page = begin(desk, site, author)
    page.locator("#field-body").fill(LONG)
    saved(page)
    page.locator("#field-body").evaluate("(area) => { area.focus(); area.setSelectionRange(9000, 9000); }")
    page.route("**/draft", lambda route: route.abort())
    page.get_by_label("Summary").fill("Typed in a tunnel.")
    page.evaluate(KEPT, "Typed in a tunnel.")
    page.on("dialog", lambda dialog: dialog.accept())
    page.locator("#field-body").focus()
    page.evaluate("scrollTo({ top: 3000, behavior: 'instant' })")
    page.reload()
    page.wait_for_load_state("networkidle")
    expect(page.locator("#editor-rescue")).to_be_in_viewport(ratio=1)
    line = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(() => done(document.getElementById('field-body').getBoundingClientRect().top)))))"  # noqa: E501
    before = page.evaluate(line)
    page.get_by_role("button", name="Discard it").click()
    expect(page.locator("#field-body")).to_be_focused()
    assert abs(page.evaluate(line) - before) <= 2
    assert page.locator("#field-body").evaluate("(area) => area.selectionStart") == 9000


def test_a_tag_a_slug_and_a_series_typed_in_a_tab_that_died_are_offered_though_another_tab_saved_the_same_text(
    site: Site, desk: BrowserContext, author: httpx.Client
) -> None:
    for label, typed in (("Tags", "fog, rain"), ("Slug", "of-fog"), ("Series", "Of weather")):
        first = begin(desk, site, author)
        address = first.url
        first.locator("#field-body").fill("The same in both.")
        saved(first)
        second = desk.new_page()
        second.goto(address)
        first.route("**/draft", lambda route: route.abort())
        first.get_by_label(label, exact=True).fill(typed)
        first.evaluate(KEPT, typed)
        first.close(run_before_unload=False)
        second.get_by_label("Summary").fill("Said in the second.")
        saved(second)

        second.reload()
        second.get_by_role("button", name="Bring it back").click()
        differences = second.locator("[data-conflict]").locator("xpath=..").locator(".differences")
        expect(differences).to_contain_text(label)
        expect(differences.get_by_text(typed)).to_be_visible()
        expect(differences).to_contain_text("Said in the second.")
        second.close(run_before_unload=False)


def signed_out(context: BrowserContext) -> list[dict[str, str]]:
    """The session ends in this browser; what signs in again."""
    kept = [{"name": each["name"], "value": each["value"], "url": "http://localhost"} for each in context.cookies()]
    context.clear_cookies()
    return kept


def test_a_session_that_ends_while_one_types_leaves_page_and_text_and_saves_after_signing_in_again(
    site: Site, desk: BrowserContext, author: httpx.Client
) -> None:
    page = begin(desk, site, author)
    address = page.url
    body = page.locator("#field-body")
    body.press_sequentially("Before. ")
    saved(page)
    cookies = signed_out(desk)
    body.press_sequentially("After the session. ")
    told = page.get_by_role("alert").filter(has_text="You are signed out, so nothing is saved.")
    expect(told).to_be_in_viewport(ratio=1)
    body.press_sequentially("And on.")
    page.evaluate(KEPT, "And on.")
    # No part of the page leads away either, nor does any button.
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(told).to_be_visible()
    assert page.url == address
    assert text_of(page) == "Before. After the session. And on."

    with desk.expect_page() as beside:
        page.get_by_role("link", name="sign in in a new tab").click()
    expect(beside.value.get_by_role("heading", name="Sign in")).to_be_visible()
    desk.add_cookies([{**each, "url": site.url} for each in cookies])
    beside.value.close()
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    saved(page)
    expect(told).to_have_count(0)
    page.reload()
    assert text_of(page) == "Before. After the session. And on."
    expect(page.locator("#editor-rescue")).to_be_hidden()


def test_what_one_author_typed_is_not_saved_as_the_words_of_another_who_signed_in_beside_it(
    site: Site, desk: BrowserContext, author: httpx.Client, walks: list[Walk]
) -> None:
    page = begin(desk, site, author)
    body = page.locator("#field-body")
    body.press_sequentially("Mine. ")
    saved(page)
    own = signed_out(desk)
    desk.add_cookies([{"name": n, "value": v, "url": site.url} for n, v in walks[1].cookies.items()])
    body.press_sequentially("And mine.")
    expect(page.get_by_role("alert").filter(has_text="who did not open this page")).to_be_visible()
    desk.clear_cookies()
    desk.add_cookies([{**each, "url": site.url} for each in own])
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    saved(page)
    page.reload()
    assert text_of(page) == "Mine. And mine."


def test_a_button_that_is_pressed_before_the_editor_is_ready_does_as_without_script(
    desk: BrowserContext, site: Site, author: httpx.Client
) -> None:
    page = begin(desk, site, author)
    page.locator("#field-title").fill("Pressed early")
    # As it is while the script that saves has not come to the form yet.
    page.locator("form[data-editor]").evaluate("(form) => form.removeAttribute('data-htmx-powered')")
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_role("button", name="Publish anyway")).to_be_visible()


def test_what_one_author_left_unsent_is_offered_to_no_other(
    desk: BrowserContext, site: Site, author: httpx.Client
) -> None:
    page = begin(desk, site, author)
    address = page.url
    desk.set_offline(True)
    page.locator("#field-body").fill("Mine alone.")
    page.evaluate(KEPT, "Mine alone.")
    page.close(run_before_unload=False)
    desk.set_offline(False)

    def of_another(route: Route) -> None:
        whole = route.fetch()
        route.fulfill(
            response=whole,
            body=re.sub(r'(name="opened_by" value=")[^"]*', r"\g<1>01K000000000000000000000EB", whole.text()),
        )

    other = desk.new_page()
    other.route(address, of_another)
    other.goto(address)
    other.wait_for_load_state("networkidle")
    expect(other.locator("#editor-rescue")).to_be_hidden()
    again = desk.new_page()
    again.goto(address)
    expect(again.locator("#editor-rescue")).to_be_visible()


def test_after_a_first_publication_nothing_is_offered_to_be_brought_back(
    site: Site, desk: BrowserContext, author: httpx.Client
) -> None:
    page = begin(desk, site, author)
    page.locator("#field-title").fill("The slug is left to the title")
    page.locator("#field-body").fill("Some words.")
    page.get_by_role("combobox", name="Tags").fill("Gulls, gulls")
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page).to_have_url(re.compile(r"said=published$|/publication$"))
    if page.url.endswith("/publication"):
        page.get_by_role("button", name="Publish anyway").click()
    expect(page.get_by_label("Slug")).to_have_value("the-slug-is-left-to-the-title")
    page.wait_for_load_state("networkidle")
    expect(page.locator("#editor-rescue")).to_be_hidden()
