"""A text through its life in a browser: published, changed, compared, shown to a friend, scheduled, brought back."""

import time
from collections.abc import Generator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, expect

from e2e_site import Site
from seats import seated

pytestmark = pytest.mark.timeout(240)
SOON_S = 4


@pytest.fixture(params=["phone", "plain phone"], ids=["script", "plain"])
def desk(request: pytest.FixtureRequest, browser: Browser, signed_in: StorageState) -> Generator[BrowserContext]:
    """A phone on which the author is signed in, with script and without."""
    with seated(browser, request.param, signed_in) as seat:
        yield seat.context


def fill(page: Page, title: str, body: str) -> None:
    page.locator("#field-title").fill(title)
    page.locator("#field-body").fill(body)


@pytest.mark.usefixtures("in_berlin")
def test_a_text_is_changed_compared_shown_scheduled_and_brought_back(
    site: Site, desk: BrowserContext, browser: Browser, request: pytest.FixtureRequest
) -> None:
    title = f"Lamp {request.node.callspec.id}"
    page = desk.new_page()
    page.goto(f"{site.url}/author/posts")
    page.get_by_role("button", name="Write").click()
    fill(page, title, "The lamp burns all night.")
    publish(page, "Unpublish")
    public = f"{site.url}/posts/{title.lower().replace(' ', '-')}"
    assert "burns all night" in httpx.get(public).text

    fill(page, title, "The lamp burns until dawn.")
    page.get_by_role("button", name="Save draft").click()
    expect(page.get_by_text("Your change is not published.")).to_be_visible()
    page.get_by_role("link", name="compare the two").click()
    expect(page.locator(".diff del")).to_have_text("all night")
    expect(page.locator(".diff ins")).to_have_text("until dawn")
    page.get_by_role("link", name="All revisions").click()
    expect(page.get_by_text("readers see this")).to_be_visible()
    page.locator(".row-title").first.click()

    show_to_a_friend(page, browser, "The lamp burns until dawn.")
    assert "burns all night" in httpx.get(public).text

    page.get_by_role("link", name="Back to the text").click()
    page.get_by_label("Publish at (Europe/Berlin)").fill("2099-01-02T04:04")
    publish(page, "Take it from the schedule")
    expect(page.get_by_text("goes out").locator("time")).to_have_text("2 January 2099, 04:04 CET")
    expect(page.get_by_text("goes out").locator("time")).to_have_attribute("datetime", "2099-01-02T03:04:00Z")
    page.get_by_role("button", name="Take it from the schedule").click()
    expect(page.get_by_text("Taken from the schedule.")).to_be_visible()
    page.get_by_role("button", name="Leave the change").click()
    expect(page.locator("#field-body")).to_have_value("The lamp burns all night.")

    page.get_by_role("link", name="history").click()
    page.locator("tr", has_text="Shared: A friend").locator(".row-title").click()
    page.get_by_role("button", name="Restore revision").click()
    expect(page.locator("#field-body")).to_have_value("The lamp burns until dawn.")


def show_to_a_friend(page: Page, browser: Browser, words: str) -> None:
    """A link is made, opened by somebody without an account, and taken back."""
    page.get_by_role("link", name="Show it to somebody").click()
    page.get_by_label("For whom").fill("A friend")
    page.get_by_role("button", name="Make a link").click()
    link = page.locator("#made-link").input_value()
    with browser.new_context() as friends:
        shown = friends.new_page()
        shown.goto(link)
        expect(shown.get_by_text(words)).to_be_visible()
        expect(shown.get_by_text("A draft, shared with you.")).to_be_visible()
    page.get_by_role("button", name="Take back").click()
    assert httpx.get(link).status_code == 404


def publish(page: Page, afterwards: str) -> None:
    """Until the button is there that a text has `afterwards`; whatever may want mending is left as it is."""
    page.locator(".editor-bar .button-main").click()
    asked, done = page.get_by_role("heading", name="Before it goes out"), page.get_by_role("button", name=afterwards)
    expect(asked.or_(done).first).to_be_visible()
    if asked.is_visible():
        page.locator("button[name=intent][value=anyway]").click()
    expect(done).to_be_visible()


def test_a_scheduled_text_goes_out_and_leaves_within_a_second_of_its_moment(
    site: Site, signed_in: StorageState
) -> None:
    cookies = {cookie["name"]: cookie["value"] for cookie in signed_in["cookies"]}
    headers = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
    with httpx.Client(base_url=site.url, cookies=cookies, headers=headers, timeout=60) as author:
        post = author.post("/author/posts", data={"kind": "post"}).headers["location"]
        out = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=SOON_S)
        form = {
            "title": "To the second",
            "body_markdown": "On time.",
            "base_revision": "1",
            "intent": "anyway",
            "publish_at": f"{out:%Y-%m-%dT%H:%M:%S}",
            "unpublish_at": f"{out + timedelta(seconds=2):%Y-%m-%dT%H:%M:%S}",
        }
        assert author.post(f"{post}/publication", data=form).headers["location"].endswith("said=scheduled")
    with httpx.Client(base_url=site.url, timeout=60) as reader:
        assert 0 <= late_s(reader, 200, out) < 1
        assert 0 <= late_s(reader, 410, out + timedelta(seconds=2)) < 1


def late_s(reader: httpx.Client, status: int, moment: datetime) -> float:
    """How long after the moment readers were first answered so."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        answered = reader.get("/posts/to-the-second").status_code
        if answered == status:
            return (datetime.now(UTC) - moment).total_seconds()
    raise TimeoutError
