"""The author arranges the site: its look, what robots are told, what stands on the home page and in the navigation,
and where old addresses lead.
"""

import re
from collections.abc import Generator
from urllib.robotparser import RobotFileParser

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

import seats
from e2e_site import Site, soon
from log_lines import CHROME
from seats import Seat, read

pytestmark = pytest.mark.timeout(180)
POST = "/posts/the-weight-of-the-air"
ACCENT = "#b0452a"
STYLE = """element => {
    const style = getComputedStyle(element);
    const brush = new OffscreenCanvas(1, 1).getContext("2d");
    brush.fillStyle = style.color;
    brush.fillRect(0, 0, 1, 1);
    const rgb = [...brush.getImageData(0, 0, 1, 1).data.slice(0, 3)];
    return [rgb, style.fontFamily.split(",")[0], parseFloat(style.fontSize)];
}"""
"""The colour as a screen has it, however the sheet writes it; the typeface; the size in px."""


@pytest.fixture
def reader(site: Site, browser: Browser) -> Generator[Page]:
    """Somebody who reads the site."""
    with browser.new_context(color_scheme="light") as context:
        yield context.new_page()


def part(seat: Seat, site: Site, name: str) -> Page:
    """That part of the settings, from their first page."""
    page = seat.open(f"{site.url}/author/site")
    seat.press(page.get_by_role("navigation", name="Site and its addresses").get_by_role("link", name=name))
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    return page


def save(seat: Seat, page: Page) -> None:
    seat.press(page.get_by_role("button", name="Save", exact=True).last)
    expect(page.locator(".flash-ok")).to_have_text("Saved.")


def rgb(hexadecimal: str) -> list[int]:
    return list(bytes.fromhex(hexadecimal.removeprefix("#")))


def colour_told(page: Page, theme: str) -> str:
    """The colour by light or dark that the sample names."""
    found = re.search("#[0-9a-f]{6}", page.locator(f".look-sample-{theme} .meta").inner_text())
    assert found is not None
    return found[0]


def test_a_look_is_tried_then_kept_and_readers_have_it_with_their_next_page(
    site: Site, seat: Seat, reader: Page
) -> None:
    page = part(seat, site, "Look")
    reader.goto(site.url + POST)
    plain = text_of(reader)
    as_it_came = colour_told(page, "light")
    page.get_by_label("Colour of links and buttons").fill(ACCENT)
    page.get_by_label(re.compile("sans serif")).check()
    page.get_by_label("Large", exact=True).check()
    if not seat.has_script:
        seat.press(page.get_by_role("button", name="Show a sample"))
    soon(page, lambda: colour_told(page, "light") != as_it_came)
    seat.look(page)
    reader.reload()
    assert text_of(reader) == plain, "a sample is nobody's but the author's"

    darkened, lightened = colour_told(page, "light"), colour_told(page, "dark")
    save(seat, page)
    reader.reload()
    accent, typeface, size = text_of(reader)
    assert accent == pytest.approx(rgb(darkened), abs=2)
    assert "Literata" not in typeface
    assert size > plain[2]
    reader.emulate_media(color_scheme="dark")
    assert text_of(reader)[0] == pytest.approx(rgb(lightened), abs=2)
    reader.emulate_media(color_scheme="light")

    seat.press(page.get_by_role("button", name="As it came"))
    expect(page.locator(".flash-ok")).to_be_visible()
    reader.reload()
    assert text_of(reader) == plain


def text_of(reader: Page) -> tuple[list[int], str, float]:
    """The accent, and the typeface and the size of the text, as a reader's browser has them."""
    accent, _, _ = reader.locator(".prose p a").first.evaluate(STYLE)
    _, typeface, size = reader.locator(".prose p").first.evaluate(STYLE)
    return accent, typeface, size


def test_robots_are_told_what_the_author_chose_and_a_line_that_is_no_rule_is_refused(site: Site, seat: Seat) -> None:
    page = part(seat, site, "Robots")
    assert rules(site).can_fetch("GPTBot", POST)
    page.get_by_label("Crawlers of language models").select_option("refuse")
    page.get_by_label("Ask search engines to leave the whole site out").check()
    page.get_by_label("More lines").fill("Crawl-delay 10")
    seat.press(page.get_by_role("button", name="Save"))
    expect(page.locator("#error-extra")).to_contain_text("Crawl-delay 10")
    seat.look(page)
    assert rules(site).can_fetch("GPTBot", POST), "nothing of it counts yet"
    assert 'content="noindex"' not in read(site.url + POST)

    expect(page.get_by_label("Crawlers of language models")).to_have_value("refuse")
    expect(page.get_by_label("Ask search engines to leave the whole site out")).to_be_checked()
    page.get_by_label("More lines").fill("Crawl-delay: 10")
    save(seat, page)
    told = rules(site)
    assert not told.can_fetch("GPTBot", POST)
    assert told.can_fetch("Googlebot", POST)
    assert told.crawl_delay("Googlebot") == 10
    assert 'content="noindex"' in read(site.url + POST)

    page.get_by_label("Crawlers of language models").select_option("")
    page.get_by_label("Ask search engines to leave the whole site out").uncheck()
    page.get_by_label("More lines").fill("")
    save(seat, page)
    assert rules(site).can_fetch("GPTBot", POST)
    assert 'content="noindex"' not in read(site.url + POST)


def rules(site: Site) -> RobotFileParser:
    """What a robot makes of robots.txt."""
    parser = RobotFileParser()
    parser.parse(read(f"{site.url}/robots.txt").splitlines())
    return parser


def test_projects_are_put_on_the_home_page_and_into_order(site: Site, seat: Seat) -> None:
    page = part(seat, site, "Home page")
    on_home = page.get_by_role("table", name="Projects on the home page, in order").get_by_role("rowheader")
    before = projects(site)
    expect(on_home).to_have_count(len(before))
    case = "A case for three barometers"
    seat.press(button(page, "Put on", case))
    expect(on_home.last).to_have_text(case)
    seat.look(page)
    for _ in before:
        do(seat, page, button(page, "Up", case))
    expect(button(page, "Up", case)).to_have_count(0)
    assert projects(site) == ["a-case-for-three-barometers", *before]
    seat.press(button(page, "Take off", case))
    expect(on_home).to_have_count(len(before))
    assert projects(site) == before


def projects(site: Site) -> list[str]:
    """Those that a reader sees on the home page, in order."""
    return list(dict.fromkeys(re.findall(r'href="/projects/([\w-]+)"', read(site.url))))


def button(page: Page, verb: str, what: str) -> Locator:
    """The one that does that to it."""
    return page.get_by_role("button", name=re.compile(f"^{verb} ?: {what}$"))


def do(seat: Seat, page: Page, what: Locator) -> None:
    """Press it; at a desk with scripts by keys alone."""
    with page.expect_navigation():
        if seat.name == "desk":
            seats.reach(page, what)
            page.keyboard.press("Enter")
        else:
            seat.press(what)


def test_the_navigation_gets_an_entry_that_is_named_moved_and_taken_away(site: Site, seat: Seat) -> None:
    page = part(seat, site, "Navigation")
    before = navigation(site)
    page.get_by_label("New title").fill("Evening")
    page.get_by_label("New address").fill("/posts/why-the-evening-is-blue")
    page.get_by_label("New address").press("Enter")
    expect(page.get_by_text("Nothing is at this address.")).to_be_visible()
    seat.look(page)
    number = len(before) + 1
    page.locator(f"#field-url_{number}").fill(POST)
    page.locator(f"#field-title_{number}").fill("The evening")
    save(seat, page)
    expect(page.get_by_text("Nothing is at this address.")).to_have_count(0)
    assert navigation(site) == [*before, "The evening"]
    for _ in before:
        do(seat, page, button(page, "Up", "The evening"))
        expect(page.locator(f"#field-title_{number}")).not_to_have_value("The evening")
        number -= 1
    assert navigation(site) == ["The evening", *before]
    assert f'href="{POST}">The evening' in read(site.url)
    seat.press(button(page, "Remove", "The evening"))
    expect(button(page, "Remove", "The evening")).to_have_count(0)
    assert navigation(site) == before
    seat.press(page.get_by_role("button", name="Use the automatic list"))
    expect(page.get_by_text("They are made from what is published")).to_be_visible()
    assert navigation(site) == before


def navigation(site: Site) -> list[str]:
    """What a reader sees at the top of every page."""
    (shown,) = re.findall(r'class="site-nav".*?</nav>', read(site.url), re.DOTALL)
    return re.findall(r"<a [^>]*>([^<]+)</a>", shown)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seat", ["desk", "plain phone"], indirect=True)
def test_an_address_that_was_asked_for_in_vain_leads_on_with_two_clicks(site: Site, seat: Seat) -> None:
    old = f"/{seat.word}/moss-asks-for-nothin.html"
    for version in range(100, 140):
        # As many readers: those that many ask for come first.
        answer = httpx.get(site.url + old, headers={"User-Agent": CHROME.replace("Chrome/1", f"Chrome/{version}.1")})
        assert answer.status_code == 404
    page = seat.open(f"{site.url}/author")
    lead = page.locator(".texts li", has_text=old).get_by_role("link", name="lead it on", include_hidden=True)
    fold = page.get_by_text("What visitors did not find")
    # The home page may leave out what came in the last minute.
    soon(page, lambda: page.reload() is not None and lead.count() == 1, 90_000)
    seat.press(fold)
    seat.press(lead)
    expect(page.get_by_label("Old address")).to_have_value(old)
    expect(page.get_by_label("Leads to")).to_have_value("/posts/moss-asks-for-nothing")
    expect(page.get_by_text("The text whose address is most like it")).to_be_visible()
    page.get_by_label("Leads to").fill(old)
    seat.press(page.get_by_role("button", name="Add"))
    expect(page.locator(".field-error, .flash-error")).to_be_visible()
    seat.look(page)
    page.get_by_label("Leads to").fill("/posts/moss-asks-for-nothing")
    seat.press(page.get_by_role("button", name="Add"))
    expect(page.locator(".flash-ok")).to_have_text("Saved.")
    assert read(f"{site.url}{old}?from=mail", 301) == "/posts/moss-asks-for-nothing?from=mail"

    seat.press(page.get_by_role("link", name=f"Change {old}"))
    expect(page.get_by_label("Old address")).to_be_visible()
    page.get_by_label("Leads to").fill("/about")
    save(seat, page)
    assert read(site.url + old, 301) == "/about"
    page.get_by_label("A part of either address").fill(old)
    page.get_by_label("A part of either address").press("Enter")
    expect(page.get_by_role("row")).to_have_count(2)
    row = page.get_by_role("row").filter(has_text=old)
    expect(row).to_contain_text("/about")
    seat.look(page)
    seat.press(page.get_by_role("button", name=f"Delete {old}"))
    expect(page.locator(".flash-ok")).to_have_text("Deleted.")
    read(site.url + old, 404)


def test_what_is_moved_keeps_the_focus_at_its_button(seat: Seat, site: Site) -> None:
    page = seat.open(f"{site.url}/author/navigation")
    last = page.get_by_role("button", name="Up").last
    name = last.inner_text()
    for _ in range(2):
        with page.expect_navigation():
            page.get_by_role("button", name=name, exact=True).press("Enter")
        expect(page.locator("button:focus")).to_have_text(re.compile("^(Up|Down)"))
    seat.look(page)
    with page.expect_navigation():
        page.get_by_role("button", name="Use the automatic list").click()
