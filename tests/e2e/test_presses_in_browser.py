"""A button does what it says from the moment it is seen, before scripts come, while they begin and in the midst of a
save, and it stays where it was seen.
"""

import re
from collections.abc import Generator

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, expect

import seats
from e2e_site import Site

pytestmark = pytest.mark.timeout(300)
SEATS = ("desk", "phone")
PRESS = """([chosen, moment]) => {
  let pressed = false;
  const press = () => {
    const button = document.querySelector(chosen);
    if (pressed || !button) return;
    pressed = true;
    button.click();
  };
  const type = () => {
    const field = document.getElementById("field-body");
    field.value += " Typed.";
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };
  if (moment === "seen") new MutationObserver(press).observe(document, { childList: true, subtree: true });
  else if (moment === "scripts have run") document.addEventListener("DOMContentLoaded", press);
  else if (moment === "htmx has come") document.addEventListener("DOMContentLoaded", () => queueMicrotask(press));
  else if (moment === "all is there") addEventListener("load", () => setTimeout(press));
  else {
    addEventListener("load", () => setTimeout(type));
    addEventListener(moment, ({ target }) => { if (target.matches("[data-editor]")) press(); });
  }
}"""
"""Presses the button at that moment of the page that comes next; a later one than `load` is one of a save of htmx."""
OPENING = ("seen", "scripts have run", "htmx has come", "all is there")
SAVING = (
    *("htmx:config:request", "htmx:before:request", "htmx:after:request", "htmx:before:swap", "htmx:after:swap"),
    "htmx:finally:request",
)
PLACES = """() => Object.fromEntries([...document.querySelectorAll("main button")]
    .filter((button) => button.checkVisibility({ visibilityProperty: true }) && !button.closest(".editor-details"))
    .map((button) => [button.textContent.trim(), button.getBoundingClientRect()])
    .map(([words, { x, y }]) => [words, [Math.round(x), Math.round(y)]]))"""
"""Where each button is; the findings beside a text come late, and stand above some."""


@pytest.fixture(params=SEATS)
def context(request: pytest.FixtureRequest, browser: Browser, signed_in: StorageState) -> Generator[BrowserContext]:
    """A browser with scripts, in which the author is signed in."""
    with seats.seated(browser, request.param, signed_in) as taken:
        yield taken.context


def at_that_moment(context: BrowserContext, address: str, button: str, moment: str) -> Page:
    """The page, in which the button was pressed then."""
    page = context.new_page()
    page.add_init_script(f"if (location.href === {address!r}) ({PRESS})({[button, moment]!r})")
    with page.expect_event("request", lambda each: each.is_navigation_request() and each.method == "POST"):
        page.goto(address, wait_until="commit")
    return page


def text(author: httpx.Client, word: str, **fields: str) -> str:
    """The address of a text in which nothing is found that may want mending."""
    address = author.post("/author/posts", data={"kind": "post"}).headers["location"]
    form = {
        "title": f"Pressed {word}",
        "summary": "One.",
        "body_markdown": "It is here.",
        "base_revision": "1",
    } | fields
    assert author.put(f"{address}/draft", data=form).status_code == 303
    return address


@pytest.mark.parametrize("moment", OPENING + SAVING)
def test_a_text_is_published_whenever_its_button_is_pressed(
    site: Site, context: BrowserContext, author: httpx.Client, moment: str
) -> None:
    address = text(author, moment)
    page = at_that_moment(context, site.url + address, "main [formaction$='/publication']", moment)
    expect(page).to_have_url(re.compile(r"said=published$|/publication$"))
    if page.url.endswith("/publication"):
        page.get_by_role("button", name="Publish anyway").click()
    expect(page.get_by_role("button", name="Unpublish")).to_be_attached()
    # Its field had not come yet when the button was first seen.
    expect(page.get_by_label("Summary")).to_have_value("One.")
    if moment in SAVING:
        expect(page.locator("#field-body")).to_have_value("It is here. Typed.")


@pytest.mark.parametrize("moment", OPENING)
def test_a_text_goes_back_into_the_drafts_whenever_its_button_is_pressed(
    site: Site, context: BrowserContext, author: httpx.Client, moment: str
) -> None:
    address = text(author, moment)
    ahead = {
        "publish_at": "2031-01-01T10:00",
        "base_revision": "2",
        "title": f"Ahead {moment}",
        "body_markdown": "It is here.",
    }
    assert author.post(f"{address}/publication", data=ahead | {"intent": "anyway"}).status_code == 303
    page = at_that_moment(context, site.url + address, "main [formaction$='/publication?_method=DELETE']", moment)
    expect(page.get_by_role("button", name="Publish", exact=True)).to_be_attached()


@pytest.mark.parametrize("moment", OPENING)
def test_a_text_is_saved_whenever_its_button_is_pressed(
    site: Site, context: BrowserContext, author: httpx.Client, moment: str
) -> None:
    address = text(author, moment)
    page = context.new_page()
    page.add_init_script(f"if (!location.search) ({PRESS})({['main [data-save]', moment]!r})")
    with page.expect_response(lambda each: "/draft" in each.url) as answer:
        page.goto(site.url + address, wait_until="commit")
    assert answer.value.status in {200, 303}


def test_a_page_does_not_glide_away_from_under_a_finger(
    site: Site, context: BrowserContext, author: httpx.Client
) -> None:
    page = context.new_page()
    page.goto(site.url + text(author, "gliding"))
    gone = "() => { document.getElementById('field-tags').scrollIntoView({ block: 'center' }); return scrollY; }"
    assert page.evaluate(gone) > 0


def test_a_text_is_saved_where_htmx_does_not_come(site: Site, context: BrowserContext, author: httpx.Client) -> None:
    page = context.new_page()
    page.route("**/vendor/htmx*", lambda route: route.abort())
    page.goto(site.url + text(author, "without htmx"))
    page.locator("#field-body").fill("By hand.")
    page.locator("[data-save]").click()
    expect(page).to_have_url(re.compile("said=saved$"))
    expect(page.locator("#field-body")).to_have_value("By hand.")


@pytest.mark.parametrize("moment", OPENING)
@pytest.mark.parametrize("address", ["/author/site", "/author/navigation"])
def test_settings_are_saved_whenever_their_button_is_pressed(
    site: Site, context: BrowserContext, address: str, moment: str
) -> None:
    page = at_that_moment(context, site.url + address, "main form .button-main", moment)
    expect(page).to_have_url(re.compile(r"said=\w+$"))


def test_a_button_can_be_pressed_as_soon_as_its_page_is_drawn(site: Site, context: BrowserContext) -> None:
    page = context.new_page()
    # What fades in is a picture of the page, which is pressed in vain.
    page.add_init_script("""addEventListener("pagereveal", () => requestAnimationFrame(() => {
      const { x, y, width, height } = document.querySelector(".author-who button").getBoundingClientRect();
      window.hit = document.elementFromPoint(x + width / 2, y + height / 2).textContent;
    }))""")
    page.goto(f"{site.url}/author/posts")
    page.get_by_role("link", name="Media", exact=True).click()
    page.wait_for_url("**/author/media")
    page.wait_for_function("window.hit")
    assert page.evaluate("window.hit") == "Sign out"


@pytest.mark.parametrize("address", ["", "?said=published", "/author/posts", "/author/media", "/author/account"])
def test_no_button_moves_when_scripts_come(
    site: Site, context: BrowserContext, author: httpx.Client, address: str
) -> None:
    if not address.startswith("/"):
        address = text(author, "in its place", body_markdown="Many words. " * 200) + address
    page = context.new_page()
    page.route("**/static/**/*.js", lambda route: route.abort())
    page.goto(site.url + address)
    before = page.evaluate(PLACES)
    page.unroute("**/static/**/*.js")
    page.goto(site.url + address)
    page.wait_for_load_state("networkidle")
    after = page.evaluate(PLACES)
    assert before
    assert {name: after[name] for name in before} == before
