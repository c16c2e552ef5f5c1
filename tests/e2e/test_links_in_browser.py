"""Links to texts of the site are made while one writes: by keyboard alone, on a phone, and in the code editor."""

from collections.abc import Generator

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, expect

from e2e_site import Site

pytestmark = pytest.mark.timeout(180)
WAIT_MS = 30_000
PHONE = {"width": 360, "height": 640}


@pytest.fixture
def phone(browser: Browser, signed_in: StorageState) -> Generator[BrowserContext]:
    """A phone's window, with a finger."""
    with browser.new_context(storage_state=signed_in, viewport=PHONE, has_touch=True) as context:  # ty: ignore[invalid-argument-type]
        context.set_default_timeout(WAIT_MS)
        yield context


@pytest.fixture(scope="module")
def linked(author: httpx.Client) -> str:
    """The path of a published text with a title like no other."""
    draft = author.post("/author/posts", data={"kind": "post"}).headers["location"]
    text = {"title": "Zephyrs [and] squalls", "slug": "zephyrs", "body_markdown": "Wind.", "base_revision": "1"}
    assert author.post(f"{draft}/publication", data={**text, "intent": "anyway"}).status_code == 303
    return "/posts/zephyrs"


@pytest.fixture
def page(phone: BrowserContext, site: Site, author: httpx.Client, linked: str) -> Page:
    """The editor of a new draft."""
    opened = phone.new_page()
    opened.goto(site.url + author.post("/author/posts", data={"kind": "post"}).headers["location"])
    opened.locator("[data-toolbar]").wait_for()
    return opened


def text_of(page: Page) -> str:
    return page.locator("#field-body").input_value()


def test_by_keyboard_alone_a_text_is_found_and_linked_and_undo_takes_it_back(page: Page, linked: str) -> None:
    body = page.locator("#field-body")
    body.focus()
    page.keyboard.type("See ")
    page.keyboard.press("Control+k")
    field = page.get_by_label("Title of a text of this site, or an address")
    expect(field).to_be_focused()
    page.keyboard.type("zephyrs")
    # Before the answer is there: it is taken once it is.
    page.keyboard.press("Enter")
    expect(body).to_have_value(f"See [Zephyrs \\[and\\] squalls]({linked})")
    expect(body).to_be_focused()
    page.keyboard.type(".")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert text_of(page) == "See "


def test_chosen_words_become_the_link_and_arrows_choose_what_it_leads_to(page: Page, linked: str) -> None:
    body = page.locator("#field-body")
    body.fill("Of squalls at sea")
    body.evaluate("(area) => { area.focus(); area.setSelectionRange(3, 10); }")
    page.keyboard.press("Control+k")
    expect(page.get_by_label("Title of a text")).to_have_value("squalls")
    expect(page.locator(".link-choice")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    expect(page.locator(".link-choice")).to_be_focused()
    page.keyboard.press("Enter")
    expect(body).to_have_value(f"Of [squalls]({linked}) at sea")
    page.keyboard.press("Control+k")
    page.keyboard.press("Escape")
    expect(body).to_be_focused()
    page.keyboard.type("!")
    assert text_of(page) == f"Of [squalls]({linked})! at sea"


def test_on_a_phone_the_button_leads_to_a_list_that_is_tapped(page: Page, linked: str) -> None:
    page.get_by_role("toolbar").get_by_role("button", name="Link", exact=True).tap()
    page.get_by_label("Title of a text").fill("zephyr")
    page.get_by_role("button", name="Zephyrs [and] squalls").tap()
    expect(page.locator("#field-body")).to_have_value(f"[Zephyrs \\[and\\] squalls]({linked})")


def test_an_address_is_linked_as_it_is_typed_and_asks_for_its_words(page: Page) -> None:
    page.locator("#field-body").focus()
    page.keyboard.press("Control+k")
    page.keyboard.type("https://weather.example/fog")
    page.keyboard.press("Enter")
    expect(page.locator("#field-body")).to_have_value("[](https://weather.example/fog)")
    page.keyboard.type("Fog")
    assert text_of(page) == "[Fog](https://weather.example/fog)"


def test_in_the_code_editor_it_goes_to_where_the_cursor_was(page: Page, linked: str) -> None:
    page.locator("#field-body").fill("Before. After.")
    expect(page.locator("[data-saved]:not([hidden])")).to_contain_text("Saved")
    page.evaluate("localStorage.setItem('sdc-editor', 'code')")
    page.reload()
    page.locator("[data-code-editor]").click()
    page.keyboard.press("Control+Home")
    for _ in "Before. ":
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Control+k")
    page.keyboard.type("zephyrs")
    page.keyboard.press("Enter")
    expect(page.locator("#field-body")).to_have_value(f"Before. [Zephyrs \\[and\\] squalls]({linked})After.")


def test_a_dialog_that_does_not_come_leaves_the_signs_of_a_link(page: Page) -> None:
    page.route("**/linking*", lambda route: route.abort())
    page.locator("#field-body").focus()
    page.keyboard.press("Control+k")
    expect(page.locator("#field-body")).to_have_value("[]()")


def test_without_script_the_page_says_how_a_link_is_written(
    site: Site, browser: Browser, signed_in: StorageState, author: httpx.Client
) -> None:
    draft = author.post("/author/posts", data={"kind": "post"}).headers["location"]
    with browser.new_context(storage_state=signed_in, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(site.url + draft)
        expect(page.locator("noscript code").first).to_have_text("[words](/posts/fog)")
        expect(page.locator("noscript code").first).to_be_visible()
