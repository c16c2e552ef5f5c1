"""The public pages as some people and machines see them: printed, without motion, in colours that the system forces, by
keyboard, and by night before anything has arrived.
"""

import io

import httpx
import public_pages
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize

from e2e_site import Site

pytestmark = pytest.mark.timeout(240)
PHONE, DESK = ViewportSize(width=360, height=740), ViewportSize(width=1440, height=900)
A4 = ViewportSize(width=718, height=1047)
"""What a browser leaves of a sheet, at 96 dots an inch, between margins of 1 cm."""
CUT = """
(width) => [...document.querySelectorAll("main *")]
    .filter((each) => each.checkVisibility() && !each.closest("svg, math, .visually-hidden"))
    .filter((each) => each.getBoundingClientRect().right > width + 1
        || (getComputedStyle(each).overflowX !== "visible" && each.scrollWidth > each.clientWidth + 1))
    .map((each) => each.outerHTML.slice(0, 120))
"""
MOVING = """
() => [...document.querySelectorAll("*")].filter((each) => {
    const style = getComputedStyle(each);
    return style.scrollBehavior !== "auto" || style.animationName !== "none" || style.transitionDuration !== "0s";
}).map((each) => each.outerHTML.slice(0, 80))
"""
RING = """
() => {
    const seen = document.activeElement, style = getComputedStyle(seen);
    const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2
        && seen.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    return [seen === document.body ? "" : seen.outerHTML.slice(0, 100), ring];
}
"""


@pytest.fixture(scope="module")
def paths(site: Site, author: httpx.Client) -> dict[str, str]:
    """A public page of each kind."""
    with httpx.Client(base_url=site.url) as visitor:
        return public_pages.of(visitor, public_pages.shared_draft(author))


def open_page(browser: Browser, address: str, size: ViewportSize, **media: str) -> Page:
    page = browser.new_context(viewport=size).new_page()
    page.emulate_media(**media)  # ty: ignore[invalid-argument-type]
    page.goto(address)
    return page


@pytest.mark.parametrize("kind", ["everything", "project", "right to left", "page"])
def test_on_paper_there_is_the_text_alone_and_nothing_is_cut(
    site: Site, browser: Browser, paths: dict[str, str], kind: str
) -> None:
    page = open_page(browser, site.url + paths[kind], A4, media="print", color_scheme="dark")
    for part in (
        ".site-nav",
        ".site-footer",
        ".skip-link",
        ".outline",
        ".copy-code",
        ".heading-anchor",
        ".post-footer",
    ):
        assert [each for each in page.locator(part).all() if each.is_visible()] == [], part
    assert page.locator("h1").is_visible()
    assert page.evaluate(CUT, A4["width"]) == []
    colours = page.evaluate("[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]")
    assert colours == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]
    for link in page.locator(".e-content a[href^=http]").all():
        after = link.evaluate("each => getComputedStyle(each, '::after').content")
        assert (link.get_attribute("href") or "?") in after
    page.context.close()


def test_on_a_phone_there_is_something_that_would_be_cut(site: Site, browser: Browser, paths: dict[str, str]) -> None:
    page = open_page(browser, site.url + paths["everything"], PHONE)
    assert page.evaluate(CUT, PHONE["width"]) != []
    page.context.close()


def test_what_is_folded_away_is_unfolded_on_paper(site: Site, browser: Browser, paths: dict[str, str]) -> None:
    page = open_page(browser, site.url + paths["everything"], A4, media="print")
    assert page.get_by_text("A sensor for 4.20").evaluate("each => each.getBoundingClientRect().height") > 0
    page.context.close()


def test_nothing_moves_for_who_wants_no_motion(site: Site, browser: Browser, paths: dict[str, str]) -> None:
    page = open_page(browser, site.url + paths["everything"], PHONE, reduced_motion="no-preference")
    assert page.evaluate(MOVING) != []
    for kind in ("everything", "results", "home"):
        page.emulate_media(reduced_motion="reduce")
        page.goto(site.url + paths[kind])
        assert page.evaluate(MOVING) == []
    page.context.close()


def test_in_forced_colours_what_is_chosen_marked_or_code_is_told_by_more_than_colour(
    site: Site, browser: Browser, paths: dict[str, str]
) -> None:
    page = open_page(browser, site.url + paths["results"], PHONE, forced_colors="active")
    look = "each => { const { outlineStyle, borderTopStyle, borderTopWidth } = getComputedStyle(each);"
    look += " return [outlineStyle, borderTopStyle, borderTopWidth]; }"
    chosen, *others = page.locator(".filters a").all()
    assert chosen.get_attribute("aria-current") == "true"
    assert chosen.evaluate(look) not in [each.evaluate(look) for each in others]
    assert page.get_by_role("button", name="Search").evaluate(look)[1] == "solid"
    page.goto(site.url + paths["everything"])
    assert page.locator(".highlight pre").first.evaluate(look)[1] == "solid"
    assert page.locator(".hll").first.evaluate(look)[0] == "solid"
    colours = "each => { const { color, backgroundColor } = getComputedStyle(each); return [color, backgroundColor]; }"
    assert page.locator(".prose mark").first.evaluate(colours) != page.locator("body").evaluate(colours)
    page.context.close()


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("forced", ["none", "active"])
@pytest.mark.parametrize("kind", ["everything", "part of a series", "project", "results", "not found", "tags"])
def test_whatever_the_keyboard_reaches_has_a_ring(
    site: Site, browser: Browser, paths: dict[str, str], kind: str, size: ViewportSize, forced: str
) -> None:
    page = open_page(browser, site.url + paths[kind], size, forced_colors=forced)
    reached = list[str]()
    while True:
        page.keyboard.press("Tab")
        element, ring = page.evaluate(RING)
        if not element:
            break
        assert ring, element
        reached.append(element)
    assert len(reached) > 8
    assert reached[0].startswith('<a class="skip-link"')
    page.context.close()


def test_by_night_nothing_is_white_even_before_the_styles_have_come(
    site: Site, browser: Browser, paths: dict[str, str]
) -> None:
    with browser.new_context(viewport=PHONE, color_scheme="dark") as context:
        page = context.new_page()
        page.goto(site.url + paths["everything"])
        assert ground(page) < 64
        page.route("**/css/*.css", lambda route: route.abort())
        page.reload()
        assert page.evaluate("getComputedStyle(document.body).marginTop") == "8px"
        assert ground(page) < 64


def ground(page: Page) -> int:
    """What most of the window is, from 0 for black to 255 for white."""
    shades = sorted(Image.open(io.BytesIO(page.screenshot())).convert("L").tobytes())
    return shades[len(shades) // 2]
