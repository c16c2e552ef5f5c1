"""The systems for end-to-end tests: `sdc up` with samples and without, a second S3 endpoint as the remote, Chromium."""

import re
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Playwright,
    StorageState,
    StorageStateCookie,
    expect,
)

import cms_walk
import e2e_site
import seats
import seaweed
from chromium import Driver
from e2e_site import Remote, Site
from seats import Seat

DRIVER = Driver()
# Playwright's own five seconds are for a machine that does nothing else.
expect.set_options(timeout=seats.WAIT_MS)
EXPECTED = re.compile(
    r"Failed to load resource|Failed to fetch|net::ERR_|NetworkError|AbortError|document's frame is sandboxed"
)
"""Addresses that are not reached, or answer with an error, are what tests look at; a preview may run no script."""
GIVEN_UP = "Transition was "
"""A busy browser leaves out the fading from page to page, and tells so as if a script had failed."""


@pytest.fixture
def remote() -> Generator[Remote]:
    """A bucket at a second S3 endpoint: another store, another port, another folder."""
    with tempfile.TemporaryDirectory(prefix="sdc-remote-") as folder, seaweed.running(Path(folder)) as endpoint:
        yield e2e_site.run_apart(e2e_site.make_remote(endpoint))


@pytest.fixture
def new_site(remote: Remote) -> Generator[Site]:
    """A site that nobody has touched, mirrored to the remote: its set-up link is still good."""
    with tempfile.TemporaryDirectory(prefix="sdc-e2e-") as folder, e2e_site.running(Path(folder), remote=remote) as new:
        yield new


@pytest.fixture(scope="session")
def site() -> Generator[Site]:
    """`sdc up --demo` in an empty folder, shared by the tests that need no new one."""
    with tempfile.TemporaryDirectory(prefix="sdc-e2e-") as folder, e2e_site.running(Path(folder), "--demo") as filled:
        come_in(filled.link)
        yield filled


@pytest.fixture(scope="module")
def playwright() -> Playwright:
    """What drives browsers, for those who start one of their own."""
    return DRIVER.playwright()


@pytest.fixture(scope="module")
def browser() -> Browser:
    """Debian's or anybody's Chromium, headless, that asks nothing of the world."""
    return DRIVER.browser()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> Generator[None]:
    """Playwright holds the thread's event loop, so it must be gone before a test of another folder wants one."""
    yield
    if nextitem is None or nextitem.path.parent != Path(__file__).parent:
        DRIVER.close()


@pytest.fixture(autouse=True)
def trouble(monkeypatch: pytest.MonkeyPatch) -> Generator[list[str]]:
    """What goes wrong on the pages that a test opens: what the policy refuses, and scripts that fail. A test that means
    it takes it out of the list.
    """
    told: list[str] = []
    make = Browser.new_context

    def said(message: ConsoleMessage) -> None:
        if message.type == "error" and not EXPECTED.search(message.text):
            told.append(f"{message.page.url if message.page else ''}: {message.text}")

    def broke(words: str) -> None:
        if not words.startswith(GIVEN_UP):
            told.append(words)

    def watched(browser: Browser, **options: Any) -> BrowserContext:  # noqa: ANN401 - as Playwright has them
        context = make(browser, **options)
        context.on("console", said)
        context.on("weberror", lambda failed: broke(str(failed.error)))
        return context

    monkeypatch.setattr(Browser, "new_context", watched)
    yield told
    assert told == []


@pytest.fixture(scope="module")
def signed_in(site: Site) -> StorageState:
    """The cookies of the shared site's author, who has just come in: nothing that is sensitive asks who they are."""
    (name, value), *_ = come_in(fresh_link(site)).items()
    kept = StorageStateCookie(
        name=name, value=value, domain="localhost", path="/", expires=-1, httpOnly=True, secure=False, sameSite="Lax"
    )
    return StorageState(cookies=[kept], origins=[])


@pytest.fixture(params=seats.EVERYWHERE)
def seat(request: pytest.FixtureRequest, browser: Browser, signed_in: StorageState) -> Generator[Seat]:
    """Each place where an author may sit, signed in to the shared site."""
    with seats.seated(browser, request.param, signed_in) as taken:
        yield taken


def fresh_link(site: Site) -> str:
    """For the author to come in; each ends the one before."""
    return site.sdc("author", "login-link", "demo").stdout.strip()


def come_in(link: str) -> dict[str, str]:
    """The cookies of who signs in by that link."""
    answer = httpx.post(link, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 303, answer.text
    return dict(answer.cookies.items())


@pytest.fixture(scope="session")
def author(site: Site) -> Generator[httpx.Client]:
    """The shared site's author without a browser."""
    with httpx.Client(
        base_url=site.url, cookies=come_in(fresh_link(site)), headers=cms_walk.SAME_ORIGIN, timeout=60
    ) as client:
        yield client


@pytest.fixture
def in_berlin(author: httpx.Client) -> Generator[None]:
    """The shared site's author has chosen a time zone, for as long as the test takes."""
    address = "/author/account/time-zone"
    assert author.put(address, data={"time_zone": "Europe/Berlin"}).status_code == 303
    yield
    assert author.put(address, data={"time_zone": "UTC"}).status_code == 303


@pytest.fixture(scope="session")
def walks(site: Site, author: httpx.Client) -> list[cms_walk.Walk]:
    """Who comes to which pages of the shared site's CMS."""
    return cms_walk.everybody(site, author)
