"""The author's day in a browser: a text from its first word to readers, what readers see of the site, other people."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, expect

from cms_walk import PASSWORD
from e2e_site import Site
from seats import WAIT_MS, seated

pytestmark = pytest.mark.timeout(120)
WINDOWS = ("desk", "phone")
BERLIN = "Europe/Berlin"
SOON_S = 4


@contextmanager
def working(
    browser: Browser, signed_in: StorageState, window: str, zone: str = "UTC", *, script: bool = True
) -> Generator[BrowserContext]:
    """A browser of the author."""
    with seated(browser, window if script else f"plain {window}", signed_in, zone) as seat:
        yield seat.context


@pytest.fixture
def desk(browser: Browser, signed_in: StorageState) -> Generator[BrowserContext]:
    """A desk in Berlin, where the author is signed in, with script."""
    with working(browser, signed_in, "desk", BERLIN) as context:
        yield context


@pytest.fixture
def plain_phone(browser: Browser, signed_in: StorageState) -> Generator[BrowserContext]:
    """A phone without script."""
    with working(browser, signed_in, "phone", script=False) as context:
        yield context


def begin(context: BrowserContext, site: Site) -> Page:
    page = context.new_page()
    page.goto(f"{site.url}/author")
    page.get_by_role("button", name="Write").click()
    page.locator("#field-body").wait_for()
    page.wait_for_load_state()
    return page


def publish(page: Page) -> None:
    """Whatever may want mending is left as it is."""
    page.locator(".editor-bar .button-main").click()
    expect(page.locator("button[name=intent][value=anyway]")).to_be_visible()
    page.locator("button[name=intent][value=anyway]").click()
    page.wait_for_url("**said=*")


def goes_out(url: str, words: str) -> None:
    """Readers get these words, within seconds."""
    deadline = time.monotonic() + 30
    while words not in httpx.get(url).text:
        assert time.monotonic() < deadline, f"{words!r} is not at {url}"


@pytest.mark.usefixtures("in_berlin")
@pytest.mark.parametrize("window", WINDOWS)
def test_a_text_is_written_through_a_broken_network_scheduled_changed_and_published(
    site: Site, browser: Browser, signed_in: StorageState, window: str
) -> None:
    with working(browser, signed_in, window, BERLIN) as context:
        write_with_script(site, context, window)


def write_with_script(site: Site, context: BrowserContext, window: str) -> None:
    page = begin(context, site)
    page.keyboard.type(f"Ferry from the {window}")
    page.keyboard.press("Enter")
    page.keyboard.type("It leaves at nine. ")
    context.set_offline(True)
    page.keyboard.type("TODO: the fare.")
    expect(page.locator("[data-unsaved]")).to_be_visible()
    context.set_offline(False)
    expect(page.locator("[data-saved]")).to_be_visible()

    page.get_by_label(f"Publish at ({BERLIN})").fill("2099-07-01T09:00")
    publish(page)
    expect(page.get_by_text("goes out").locator("time")).to_have_text("1 July 2099, 09:00 CEST")
    # By now the way through the forms may take longer than this: a moment that is over means at once.
    moment = page.evaluate(f"new Date(Date.now() + {SOON_S}000).toLocaleString('sv').replace(' ', 'T')")
    page.get_by_label(f"Publish at ({BERLIN})").fill(moment)
    publish(page)
    url = f"{site.url}/posts/ferry-from-the-{window}"
    goes_out(url, "It leaves at nine.")
    expect(page.get_by_text("goes out")).to_have_count(0)

    page.locator("#field-body").fill("It leaves at ten. TODO: the fare.")
    expect(page.locator("[data-saved]")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Your change is not published.")).to_be_visible()
    assert "at ten" not in httpx.get(url).text
    publish(page)
    assert "It leaves at ten." in httpx.get(url).text


@pytest.mark.parametrize("window", WINDOWS)
def test_without_script_a_text_is_written_scheduled_changed_and_published(
    site: Site, browser: Browser, signed_in: StorageState, window: str
) -> None:
    with working(browser, signed_in, window, script=False) as context:
        write_without(site, context, f"plain-{window}")


def write_without(site: Site, context: BrowserContext, name: str) -> None:
    page = begin(context, site)
    page.locator("#field-title").fill(f"Ferry from the {name}")
    page.locator("#field-body").fill("It leaves at nine. TODO: the fare.")
    page.get_by_label("Slug").fill(f"ferry-from-the-{name}")
    page.get_by_role("combobox", name="Tags").fill("ferries, fares")
    context.set_offline(True)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#field-body")).to_have_count(0)
    context.set_offline(False)
    page.go_back()
    expect(page.locator("#field-body")).to_have_value("It leaves at nine. TODO: the fare.")
    expect(page.get_by_label("Slug")).to_have_value(f"ferry-from-the-{name}")
    expect(page.get_by_role("combobox", name="Tags")).to_have_value("ferries, fares")
    page.get_by_label("Publish at (UTC)").fill(f"{datetime.now(UTC) + timedelta(seconds=SOON_S):%Y-%m-%dT%H:%M:%S}")
    publish(page)
    url = f"{site.url}/posts/ferry-from-the-{name}"
    goes_out(url, "It leaves at nine.")

    page.reload()
    page.locator("#field-body").fill("It leaves at ten. TODO: the fare.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your change is not published.")).to_be_visible()
    assert "at ten" not in httpx.get(url).text
    publish(page)
    assert "It leaves at ten." in httpx.get(url).text


def test_going_back_to_the_editor_brings_no_words_over_those_of_a_later_revision(
    site: Site, plain_phone: BrowserContext
) -> None:
    page = begin(plain_phone, site)
    page.locator("#field-body").fill("Earlier words.")
    page.get_by_role("button", name="Save").click()
    page.locator("#field-body").fill("Later words.")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Posts").click()
    expect(page.get_by_role("link", name="“Later words.”")).to_be_visible()
    for _ in range(3):
        page.go_back()
    expect(page.locator("#field-body")).to_have_value("Later words.")


def test_a_text_is_written_and_published_by_keyboard_alone(site: Site, desk: BrowserContext) -> None:
    page = desk.new_page()
    page.goto(f"{site.url}/author")

    def reach(name: str) -> None:
        """Tab until what has the focus is called so."""
        for _ in range(80):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.innerText ?? ''").startswith(name):
                return
        pytest.fail(f"{name!r} is out of reach")

    reach("Write")
    page.keyboard.press("Enter")
    page.locator("#field-body").wait_for()
    page.wait_for_load_state()
    page.keyboard.type("Ferry by keys")
    page.keyboard.press("Enter")
    page.keyboard.type("It leaves at nine. TODO: the fare.")
    expect(page.locator("[data-saved]")).to_be_visible()
    reach("Publish")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Before it goes out")
    reach("Publish anyway")
    page.keyboard.press("Enter")
    page.wait_for_url("**said=published")
    assert "It leaves at nine." in httpx.get(f"{site.url}/posts/ferry-by-keys").text


def test_on_a_phone_without_script_the_site_gets_a_redirect_a_link_another_paper_and_a_token(
    site: Site, plain_phone: BrowserContext
) -> None:
    page = plain_phone.new_page()
    page.goto(f"{site.url}/author/site")
    parts = page.get_by_role("navigation", name="Site")
    parts.get_by_role("link", name="Redirects").click()
    page.get_by_label("Old address").fill("/2019/fog.html")
    page.get_by_label("Leads to").fill("/about")
    page.get_by_role("button", name="Add").click()
    assert httpx.get(f"{site.url}/2019/fog.html").headers["location"].endswith("/about")

    parts.get_by_role("link", name="Navigation").click()
    page.get_by_label("New title").fill("Elsewhere")
    page.get_by_label("New address").fill("/2019/fog.html")
    page.get_by_label("New address").press("Enter")
    expect(page.get_by_text("Leads on to another address.")).to_be_visible()
    assert ">Elsewhere<" in httpx.get(site.url).text
    page.get_by_role("button", name="Use the automatic list").click()
    assert ">Elsewhere<" not in httpx.get(site.url).text

    parts.get_by_role("link", name="Look").click()
    page.get_by_label("Warm").check()
    page.get_by_role("button", name="Save").last.click()
    assert "/look/" in httpx.get(site.url).text
    page.get_by_role("button", name="As it came").click()

    page.goto(f"{site.url}/author/site/tokens")
    page.get_by_label("Name").fill("day-phone")
    page.get_by_role("button", name="Make a token").click()
    headers = {"Authorization": f"Bearer {page.locator('.notice code').inner_text()}"}
    assert httpx.get(f"{site.url}/api/v1/posts", headers=headers).status_code == 200
    page.get_by_role("button", name="Revoke day-phone").click()
    assert httpx.get(f"{site.url}/api/v1/posts", headers=headers).status_code == 401


def test_somebody_follows_an_invitation_sees_what_a_viewer_may_and_is_signed_out_from_afar(
    site: Site, desk: BrowserContext, browser: Browser
) -> None:
    page = desk.new_page()
    page.goto(f"{site.url}/author/authors")
    page.get_by_label("As", exact=True).select_option("viewer")
    page.get_by_label("Whom").fill("Mara")
    page.get_by_label("Whom").press("Enter")
    link = page.locator(".notice code").inner_text()
    with browser.new_context(java_script_enabled=False) as first, browser.new_context() as second:
        guest = first.new_page()
        guest.goto(link)
        guest.get_by_label("Your name").fill("Mara")
        guest.get_by_label("Sign-in name").fill("mara")
        guest.get_by_label("Password").fill(PASSWORD)
        guest.get_by_role("button", name="Join with a password").click()
        expect(guest.get_by_role("navigation", name="Author").get_by_role("link")).to_have_text(["Home", "Statistics"])
        guest.goto(f"{site.url}/author/posts")
        expect(guest.get_by_role("heading", level=1)).to_be_visible()
        expect(guest.get_by_text("has no right to this")).to_be_visible()

        elsewhere = second.new_page()
        elsewhere.goto(f"{site.url}/author/sign-in")
        elsewhere.get_by_label("Sign-in name").fill("mara")
        elsewhere.get_by_label("Password").fill(PASSWORD)
        elsewhere.get_by_label("Password").press("Enter")
        elsewhere.wait_for_url("**/author")
        guest.goto(f"{site.url}/author/sessions")
        guest.get_by_role("button", name="End all others").click()
        elsewhere.goto(f"{site.url}/author/statistics")
        expect(elsewhere.get_by_label("Sign-in name")).to_be_visible()

    page.goto(f"{site.url}/author/authors")
    page.get_by_role("link", name="Mara").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Mara")
    page.goto(f"{site.url}/author/audit")
    expect(page.get_by_role("row").filter(has_text="mara").first).to_be_visible()


def test_a_field_that_is_folded_away_is_unfolded_when_it_is_refused(site: Site, desk: BrowserContext) -> None:
    page = begin(desk, site)
    fold = page.get_by_text("Date and origin", exact=True)
    fold.click()
    page.get_by_label("Canonical address").fill("https://")
    fold.click()
    expect(page.locator("#error-canonical_url")).to_be_visible(timeout=WAIT_MS)
    expect(page.locator(".save-status")).to_contain_text("All is saved but this. Canonical address: ")


def test_who_comes_back_from_a_tag_or_a_series_finds_the_list_as_it_was_narrowed(
    site: Site, desk: BrowserContext, author: httpx.Client
) -> None:
    post = author.post("/author/posts", data={"kind": "post"}).headers["location"]
    text = {"title": "Of quills", "tags": "quills, ink", "series": "Quills and ink", "body_markdown": "Ink."}
    assert author.post(f"{post}/publication", data={**text, "base_revision": "1", "intent": "anyway"}).is_redirect
    page = desk.new_page()
    for noun, label, name in (("tags", "Part of a name", "quills"), ("series", "Part of a title", "Quills and ink")):
        page.goto(f"{site.url}/author/{noun}")
        rows = page.locator(f"#{noun}-list-all tbody tr")
        page.get_by_label(label).press_sequentially("QUILL")
        expect(rows).to_have_count(1)
        page.get_by_role("link", name=name, exact=True).first.click()
        expect(page.get_by_role("heading", level=1)).to_contain_text(name)
        page.go_back()
        expect(page.get_by_label(label)).to_have_value("QUILL")
        expect(rows).to_have_count(1)


def test_a_job_that_is_run_stays_one_row_and_keeps_the_focus(site: Site, desk: BrowserContext) -> None:
    page = desk.new_page()
    page.goto(f"{site.url}/author/jobs")
    row = page.locator('[id="jobs-job-cron.expire"]')
    row.get_by_role("button", name="Run now").press("Enter")
    expect(row.locator(".state-ok")).to_be_visible()
    expect(row).to_have_count(1)
    expect(row.get_by_role("button", name="Run now")).to_be_focused()
