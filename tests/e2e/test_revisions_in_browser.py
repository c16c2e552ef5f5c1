"""The author goes through the history of a text: names what is worth keeping, compares any two, brings one back."""

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from e2e_site import Site
from seats import Seat, publish, read

pytestmark = pytest.mark.timeout(180)
FIRST = "The tide comes in at six.\n\nIt leaves shells behind."
SECOND = "The tide comes in at seven.\n\nIt leaves shells behind."
THIRD = "The tide comes in at seven.\n\nNobody looks for shells."


def rewrite(seat: Seat, page: Page, body: str) -> None:
    """Save another text, and go to its history."""
    page.locator("#field-body").fill(body)
    with page.expect_response("**/draft**"):
        seat.press(page.locator("button[name=intent][value=save]"))
    seat.press(page.get_by_role("link", name="history"))


def shows(page: Page, gone: str, come: str) -> None:
    """These words are marked as gone, and those as come."""
    expect(page.locator(".diff del").first).to_contain_text(gone)
    expect(page.locator(".diff ins").first).to_contain_text(come)


def test_a_revision_is_named_compared_with_any_other_and_comes_back(
    site: Site, seat: Seat, author: httpx.Client
) -> None:
    title, slug = f"Tide {seat.word}", f"tide-{seat.word}"
    public = f"{site.url}/posts/{slug}"
    text = publish(author, title=title, slug=slug, body_markdown=FIRST)
    page = seat.open(site.url + text)
    rewrite(seat, page, SECOND)
    revisions = page.locator("tbody tr")
    expect(revisions).to_have_count(2)
    seat.press(revisions.first.get_by_role("link", name=re.compile("^Revision")))
    page.get_by_label("Name", exact=True).fill("Before the storm")
    page.get_by_label("Name", exact=True).press("Enter")
    expect(page.locator(".revision-name").first).to_have_text("Before the storm")
    seat.look(page)
    seat.press(page.get_by_role("link", name="The text as it is now"))
    rewrite(seat, page, THIRD)
    expect(revisions).to_have_count(3)
    seat.look(page)

    seat.press(revisions.nth(2).get_by_role("radio", name="old"))
    seat.press(revisions.nth(0).get_by_role("radio", name="new"))
    seat.press(page.get_by_role("button", name="Compare the two chosen"))
    shows(page, "six", "seven")
    expect(page.locator(".diff")).to_contain_text("Nobody looks for shells.")
    side_by_side(seat, page)
    seat.press(page.get_by_role("link", name="The other way round"))
    shows(page, "seven", "six")

    seat.press(page.get_by_role("link", name="All revisions"))
    seat.press(page.locator("tr", has_text="Before the storm").get_by_role("link", name=re.compile("^Revision")))
    refused_while_somebody_writes(seat, page, author, text, {"title": title, "slug": slug})
    seat.press(page.get_by_role("button", name=re.compile("^Restore revision")))
    expect(page.locator(".flash-ok")).to_contain_text("Brought back.")
    expect(page.locator("#field-body")).to_have_value(SECOND)
    assert "at six" in read(public), "readers see nothing of it before it is published"
    seat.press(page.locator(".editor-bar .button-main"))
    page.wait_for_url("**said=published")
    assert "at seven" in read(public)
    assert "leaves shells" in read(public)
    seat.press(page.get_by_role("link", name="history"))
    expect(revisions.first).to_contain_text("readers see this")


def side_by_side(seat: Seat, page: Page) -> None:
    """At a desk both texts stand beside each other; a phone has no room for it and does not offer it."""
    beside = page.get_by_role("link", name="Side by side")
    if seat.is_phone:
        expect(beside).to_be_hidden()
        seat.look(page)
        return
    seat.press(beside)
    expect(beside).to_have_attribute("aria-current", "page")
    old, new = page.locator(".diff-beside tbody tr").first.locator("td").all()
    expect(old).to_contain_text("at six")
    expect(new).to_contain_text("at seven")
    left, right = old.bounding_box(), new.bounding_box()
    assert left is not None
    assert right is not None
    assert (left["y"], left["x"] + left["width"] <= right["x"] + 1) == (right["y"], True)
    seat.look(page)


def refused_while_somebody_writes(
    seat: Seat, page: Page, author: httpx.Client, text: str, fields: dict[str, str]
) -> None:
    """What was saved elsewhere since the page was opened is not passed over."""
    expect(page.get_by_role("button", name=re.compile("^Restore revision"))).to_be_visible()
    found = re.search(r'name="base_revision" value="(\d+)"', author.get(text).text)
    assert found is not None
    form = fields | {"body_markdown": "Another hand.", "base_revision": found[1]}
    assert author.put(f"{text}/draft", data=form).status_code in (200, 303)
    seat.press(page.get_by_role("button", name=re.compile("^Restore revision")))
    expect(page.get_by_role("alert")).to_be_visible()
    seat.look(page)
