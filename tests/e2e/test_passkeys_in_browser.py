"""Passkeys in a real browser, with an authenticator that Chromium plays: adding, signing in, confirming, refusing."""

from collections.abc import Generator

import msgspec
import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect
from sdc_core import clock

from e2e_site import Site

pytestmark = pytest.mark.timeout(180)
WAIT_MS = 30_000


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """A page in which an author is signed in, and the authenticator that answers it."""

    page: Page
    cdp: CDPSession
    authenticator: str

    def touch(self, *, at_once: bool) -> None:
        """Whether somebody always touches the authenticator, or nobody does until then."""
        sent = {"authenticatorId": self.authenticator, "enabled": at_once}
        self.cdp.send("WebAuthn.setAutomaticPresenceSimulation", sent)

    def know(self, *, the_finger: bool) -> None:
        """Whether the finger that touches it is the right one."""
        sent = {"authenticatorId": self.authenticator, "isUserVerified": the_finger}
        self.cdp.send("WebAuthn.setUserVerified", sent)

    def keys(self) -> int:
        """How many keys it holds."""
        held = self.cdp.send("WebAuthn.getCredentials", {"authenticatorId": self.authenticator})
        return len(held["credentials"])


@pytest.fixture
def name(site: Site) -> str:
    """An author of the test's own: sessions of the shared one stay as they are."""
    new = f"kay-{clock.new_id().lower()}"
    added = site.sdc("author", "add", new)
    assert added.returncode == 0, added.stderr
    return new


@pytest.fixture
def desk(site: Site, browser: Browser, name: str) -> Generator[Desk]:
    link = site.sdc("author", "login-link", name).stdout.strip()
    with browser.new_context() as context:
        context.set_default_timeout(WAIT_MS)
        page = context.new_page()
        page.goto(link)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/author")
        yield at(page)


def at(page: Page) -> Desk:
    """The page with an authenticator that is built into the device and knows whose finger it is."""
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    kind = {"protocol": "ctap2", "transport": "internal", "automaticPresenceSimulation": True}
    able = {"hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True}
    made = cdp.send("WebAuthn.addVirtualAuthenticator", {"options": kind | able})
    return Desk(page=page, cdp=cdp, authenticator=str(made["authenticatorId"]))


def add(desk: Desk, site: Site, name: str) -> None:
    desk.page.goto(f"{site.url}/author/account")
    desk.page.locator("#account-passkeys-name").fill(name)
    desk.page.locator("#account-passkeys-form").get_by_role("button").click()


def test_a_passkey_signs_in_confirms_and_gives_way_to_another(site: Site, desk: Desk) -> None:
    page = desk.page
    add(desk, site, "Laptop")
    expect(page.locator(".key-name")).to_have_text(["Laptop"])

    desk.touch(at_once=False)
    with page.expect_response("**/author/sign-in/challenge"):
        page.get_by_role("button", name="Sign out").click()
    page.wait_for_load_state()  # By now the name field offers a key that nobody touches.
    page.get_by_role("button", name="Sign in with a passkey").focus()
    desk.touch(at_once=True)
    page.keyboard.press("Enter")  # No wait for the button: on a slow machine the offered key was taken, and it is gone.
    page.wait_for_url("**/author")

    page.goto(f"{site.url}/author/confirm?undone=true&next=/author/account")
    page.get_by_role("button", name="Confirm with a passkey").click()
    page.wait_for_url("**/author/account")
    page.get_by_text("Rename or remove Laptop").click()
    page.get_by_role("button", name="Remove Laptop").click()
    expect(page.get_by_role("alert")).to_contain_text("only way in")

    # The same device makes no second key for one author: it says so, and another device is what is asked for.
    add(desk, site, "Laptop again")
    expect(page.locator("[data-passkey-says]")).to_contain_text("already")
    desk.cdp.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": desk.authenticator})
    at(page)
    add(desk, site, "Key ring")
    expect(page.locator(".key-name")).to_have_text(["Laptop", "Key ring"])
    page.get_by_text("Rename or remove Laptop").click()
    page.get_by_role("button", name="Remove Laptop").click()
    expect(page.locator(".key-name")).to_have_text(["Key ring"])

    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/author")  # The browser offers its key in the name field, and the finger is there at once.


def test_who_cancels_or_is_not_known_by_the_device_is_told_and_tries_again(site: Site, desk: Desk) -> None:
    page = desk.page
    page.goto(f"{site.url}/author/account")
    desk.know(the_finger=False)
    add(desk, site, "Nobody's")
    expect(page.locator("[data-passkey-says]")).to_contain_text("No passkey was used")
    assert desk.keys() == 0
    desk.know(the_finger=True)
    page.locator("#account-passkeys-form").get_by_role("button").click()
    expect(page.locator(".key-name")).to_have_count(1)
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/author")


def test_at_another_address_of_the_site_a_passkey_is_explained_and_not_asked_for(site: Site, browser: Browser) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{site.url.replace('localhost', '127.0.0.1')}/author/sign-in")
        expect(page.locator("[data-passkey-says]")).to_contain_text(f"Passkeys work at {site.url} alone")
        expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_disabled()


def test_without_script_nothing_speaks_of_passkeys_where_none_can_be_used(site: Site, browser: Browser) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{site.url}/author/sign-in")
        expect(page.get_by_role("button", name="Sign in with a password")).to_be_visible()
        expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()
