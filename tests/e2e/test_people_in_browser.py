"""Those who come to the site beside its owner: they follow an invitation, see what their role lets them, and leave;
and programs, which come with a token that is shown once.
"""

from collections.abc import Generator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

import seats
from cms_walk import PASSWORD
from e2e_site import Site
from seats import Seat, read

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def theirs(seat: Seat, browser: Browser) -> Generator[Seat]:
    """Where somebody sits who has no account yet: as the owner does."""
    with seats.seated(browser, seat.name) as taken:
        yield taken


def invited(seat: Seat, page: Page, role: str, whom: str) -> str:
    """The link that is shown, once."""
    page.get_by_label("As", exact=True).select_option(role)
    page.get_by_label("Whom").fill(whom)
    seat.press(page.get_by_role("button", name="Make a link"))
    assert page.locator(".notice pre").evaluate("shown => shown.scrollWidth <= shown.clientWidth"), "it is seen whole"
    return page.locator(".notice code").inner_text()


def sections(page: Page) -> list[str]:
    return page.get_by_role("navigation", name="Author").get_by_role("link").all_inner_texts()


def test_an_invitation_makes_an_author_who_writes_loses_a_right_and_leaves_their_texts(
    site: Site, seat: Seat, theirs: Seat
) -> None:
    name = f"Nora {seat.word}"
    page = seat.open(f"{site.url}/author/authors")
    link = invited(seat, page, "author", name)
    expect(page.get_by_role("heading", name="Open invitations")).to_be_visible()
    seat.look(page)
    guest = theirs.open(link)
    joined(theirs, guest, name)
    assert sections(guest) == ["Home", "Posts", "Media", "Statistics"]
    public = written(theirs, guest, site, f"Guest book {seat.word}")
    assert f"Written by {name}" in read(public)
    guest.goto(f"{site.url}/author/site")
    expect(guest.get_by_text("has no right to this")).to_be_visible()
    theirs.look(guest)
    assert theirs.context.request.get(link).status == 401, "it works once"

    page.goto(f"{site.url}/author/authors")
    expect(page.locator(".notice code")).to_have_count(0)
    seat.press(page.get_by_role("link", name=name))
    page.get_by_label("Role").select_option("viewer")
    seat.press(page.get_by_role("button", name="Save"))
    expect(page.get_by_role("row").filter(has_text=name)).to_contain_text("viewer")
    guest.goto(f"{site.url}/author")
    assert sections(guest) == ["Home", "Statistics"]
    guest.goto(f"{site.url}/author/posts")
    expect(guest.get_by_text("has no right to this")).to_be_visible()

    seat.press(page.get_by_role("link", name=name))
    heirs = page.get_by_label("Their texts and pictures go to")
    heirs.select_option(index=1)
    seat.look(page)
    seat.press(page.get_by_role("button", name=f"Remove {name}"))
    expect(page.locator(".flash-ok")).to_have_text("Removed. Nothing of what they wrote is lost.")
    guest.goto(f"{site.url}/author")
    expect(guest.get_by_label("Sign-in name")).to_be_visible()
    assert "They came by boat." in read(public)
    assert f"Written by {name}" not in read(public)


def joined(seat: Seat, page: Page, name: str) -> None:
    """They choose a password that is too short first."""
    page.get_by_label("Your name, as readers see it").fill(name)
    page.get_by_label("Sign-in name").fill("Not A Name")
    page.get_by_label("Password").fill(PASSWORD)
    seat.press(page.get_by_role("button", name="Join with a password"))
    expect(page.locator("#error-name")).to_be_visible()
    seat.look(page)
    page.get_by_label("Sign-in name").fill(name.lower().replace(" ", "-"))
    page.get_by_label("Password").fill(PASSWORD)
    seat.press(page.get_by_role("button", name="Join with a password"))
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Hello, {name}")


def written(seat: Seat, page: Page, site: Site, title: str) -> str:
    """The address of a post that they wrote and published."""
    seat.press(page.get_by_role("button", name="Write"))
    page.locator("#field-title").fill(title)
    page.locator("#field-body").fill("They came by boat.")
    seat.press(page.locator(".editor-bar .button-main"))
    page.wait_for_url("**said=published")
    return f"{site.url}/posts/{title.lower().replace(' ', '-')}"


def test_an_invitation_that_is_taken_back_opens_nothing(site: Site, seat: Seat, theirs: Seat) -> None:
    page = seat.open(f"{site.url}/author/authors")
    whom = f"Nobody {seat.word}"
    link = invited(seat, page, "viewer", whom)
    seat.press(page.get_by_role("button", name=f"Take back the invitation of {whom}"))
    expect(page.locator(".flash-ok")).to_have_text("Taken back. The link opens nothing any more.")
    guest = theirs.open(link)
    expect(guest.get_by_role("heading", level=1)).to_be_visible()
    expect(guest.get_by_label("Sign-in name")).to_have_count(0)
    theirs.look(guest)


def test_a_token_is_shown_once_may_what_was_chosen_and_opens_nothing_once_it_is_revoked(site: Site, seat: Seat) -> None:
    name = f"kiosk-{seat.word}"
    page = seat.open(f"{site.url}/author/authors")
    seat.press(page.get_by_role("link", name="API tokens"))
    page.get_by_label("Name").fill(name)
    page.get_by_label("May", exact=True).select_option("parts")
    seat.press(page.get_by_role("button", name="Make a token"))
    expect(page.locator(".field-error")).to_be_visible()
    seat.look(page)
    if page.get_by_label("Texts, tags and series").is_hidden():
        seat.press(page.get_by_text("Of each part"))
    page.get_by_label("Texts, tags and series").select_option("posts:read")
    page.get_by_label("Ends after days").fill("30")
    seat.press(page.get_by_role("button", name="Make a token"))
    text = page.locator(".notice code").inner_text()
    assert text.startswith("sdc_")
    seat.look(page)

    posts, headers = f"{site.url}/api/v1/posts", {"Authorization": f"Bearer {text}"}
    assert httpx.get(posts, headers=headers).status_code == 200
    assert httpx.post(posts, headers=headers, json={"kind": "post", "title": "Fog"}).status_code == 403
    assert httpx.get(f"{site.url}/api/v1/media", headers=headers).status_code == 403
    page.goto(f"{site.url}/author/site/tokens")
    assert text not in page.content()
    row = page.get_by_role("row").filter(has_text=name)
    expect(row).to_contain_text("read texts")
    expect(row).not_to_contain_text("never")
    page.get_by_label("Name").fill(name)
    seat.press(page.get_by_role("button", name="Make a token"))
    expect(page.locator("#error-name")).to_be_visible()
    seat.press(page.get_by_role("button", name=f"Revoke {name}"))
    expect(page.locator(".flash-ok")).to_have_text("Revoked. It opens nothing any more.")
    assert httpx.get(posts, headers=headers).status_code == 401
