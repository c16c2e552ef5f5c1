"""A password with a code, recovery codes, and GitHub as the made-up one plays it, in a real browser."""

import re
from collections.abc import Generator

import pyotp
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sdc_core import clock
from sdc_web.authors import totp

from e2e_site import Site, soon

pytestmark = pytest.mark.timeout(180)
WAIT_MS = 30_000
NAME, PASSWORD = "grace", "a lamp, a ladder, a lake"


@pytest.fixture(scope="module")
def author(site: Site) -> str:
    """An author of these tests' own: sessions of the shared one stay as they are."""
    added = site.sdc("author", "add", NAME)
    assert added.returncode == 0, added.stderr
    return NAME


@pytest.fixture
def desk(browser: Browser) -> Generator[BrowserContext]:
    """A browser in which nobody is signed in."""
    with browser.new_context() as context:
        context.set_default_timeout(WAIT_MS)
        yield context


@pytest.fixture
def plain_desk(browser: Browser) -> Generator[BrowserContext]:
    """The same without script."""
    with browser.new_context(java_script_enabled=False) as context:
        context.set_default_timeout(WAIT_MS)
        yield context


def come_in(site: Site, desk: BrowserContext, author: str) -> Page:
    """By a login link."""
    page = desk.new_page()
    page.goto(site.sdc("author", "login-link", author).stdout.strip())
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{site.url}/author/account")
    return page


def leave(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()


def test_a_password_asks_for_a_code_and_paper_helps_where_the_app_is_not_at_hand(
    site: Site, desk: BrowserContext, author: str
) -> None:
    page = come_in(site, desk, author)
    page.get_by_label("New password").fill(PASSWORD)
    page.locator("#account-password-form").get_by_role("button").click()
    page.get_by_role("button", name="Set up an app").click()
    picture = page.locator(".totp-picture")
    soon(page, lambda: picture.evaluate("image => image.complete && image.naturalWidth > 0"))
    secret = "".join(page.locator(".totp-secret").inner_text().split())
    app = pyotp.TOTP(secret)
    page.get_by_label("Code that the app shows now").fill(app.generate_otp(clock.now_us() // totp.STEP_US))
    page.get_by_label("Code that the app shows now").press("Enter")
    page.get_by_role("button", name="Make recovery codes").click()
    expect(page.locator(".recovery-codes code")).to_have_count(10)
    codes = page.locator(".recovery-codes code").all_inner_texts()
    page.get_by_role("link", name="I have kept them").click()

    leave(page)
    page.get_by_label("Sign-in name").fill(author)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")
    page.get_by_label("Code of your app").fill("000000")
    page.get_by_label("Code of your app").press("Enter")
    expect(page.locator("#error-code")).to_have_text("This code is not the right one.")
    # The code that turned codes on is used up; the next one may come early.
    page.get_by_label("Code of your app").fill(app.generate_otp(clock.now_us() // totp.STEP_US + 1))
    page.get_by_label("Code of your app").press("Enter")
    page.wait_for_url("**/author")

    leave(page)
    page.get_by_label("Sign-in name").fill(author)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")
    page.get_by_text("The app is not at hand").click()
    page.get_by_label("Recovery code").fill(codes[0].lower())
    page.get_by_role("button", name="Sign in with it").click()
    page.wait_for_url("**/author")
    page.goto(f"{site.url}/author/account")
    expect(page.locator("#account-recovery_codes-part")).to_contain_text("9 left")
    page.get_by_role("button", name="Turn codes off").click()
    expect(page.locator("#flash-region")).to_contain_text("Your password is enough again.")


def test_without_script_github_is_linked_signs_in_and_says_why_it_does_not(
    site: Site, plain_desk: BrowserContext, author: str
) -> None:
    page = come_in(site, plain_desk, author)
    page.get_by_role("button", name="Link a GitHub account").click()
    page.get_by_role("button", name=re.compile("grace-hopper")).click()
    expect(page.locator("#account-github-part")).to_contain_text("grace-hopper")

    leave(page)
    page.goto(f"{site.url}/author/sign-in?next=/author/media")
    page.get_by_role("button", name="Sign in with GitHub").click()
    page.get_by_role("button", name=re.compile("Turn it down")).click()
    expect(page.get_by_role("alert")).to_contain_text("You turned it down at GitHub")
    page.get_by_role("button", name="Sign in with GitHub").click()
    page.get_by_role("button", name=re.compile("a-stranger")).click()
    expect(page.get_by_role("alert")).to_contain_text("number 1003 may not sign in here")
    page.get_by_role("button", name="Sign in with GitHub").click()
    page.get_by_role("button", name=re.compile("grace-hopper")).click()
    page.wait_for_url("**/author/media")
