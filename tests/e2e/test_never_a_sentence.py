"""Nothing typed is lost: not by a browser that is killed, on the net or off it, nor when web dies, or the machine."""

import itertools
import os
import re
import signal
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import BrowserContext, Error, Page, Playwright, StorageState, expect

import e2e_site
from chromium import FLAGS
from e2e_site import LINK, Site
from sdc_up import Up

pytestmark = pytest.mark.timeout(240)
WAIT_MS = 30_000
LOST_S = 1.0
"""The promise: at most the last second."""
NEAR_MS = 60
TYPED_S = 4.0
WORD = re.compile(r"w(\d+) ")
"""A whole one: the last may have been cut off."""


@pytest.fixture
def profile() -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="sdc-profile-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture
def own_folder() -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="sdc-e2e-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


class Typed:
    """Words w0, w1, w2… as somebody types them without a pause, and when each was finished."""

    def __init__(self) -> None:
        self.at_s: list[float] = []

    def type(self, page: Page, seconds: float) -> None:
        ends_s = time.monotonic() + seconds
        for number in itertools.count(len(self.at_s)):
            page.keyboard.type(f"w{number} ", delay=NEAR_MS / 4)
            self.at_s.append(time.monotonic())
            if self.at_s[-1] > ends_s:
                return

    def missing_s(self, text: str, killed_s: float) -> float:
        """How long before the kill the first word was finished that is not there; words before it are all there."""
        found = [int(number) for number in WORD.findall(text)]
        assert found == list(range(len(found)))
        later = self.at_s[len(found) :]
        return killed_s - later[0] if later else 0.0


@contextmanager
def browsing(playwright: Playwright, profile: Path, kept: StorageState | None = None) -> Generator[BrowserContext]:
    """A browser of its own, which has a profile on the disk; gone afterwards, however it went."""
    context = playwright.chromium.launch_persistent_context(
        profile, executable_path=os.environ.get("CHROMIUM_PATH"), args=FLAGS
    )
    context.set_default_timeout(WAIT_MS)
    if kept is not None:
        context.add_cookies([{**each, "expires": time.time() + 3600} for each in kept["cookies"]])
    try:
        yield context
    finally:
        with suppress(Error):
            context.close()


def kill_browser(profile: Path) -> float:
    """When it was dead: every process that has this profile, by a signal that cannot be heard."""
    for process in Path("/proc").iterdir():
        with suppress(OSError):
            if process.name.isdigit() and f"--user-data-dir={profile}".encode() in (process / "cmdline").read_bytes():
                os.kill(int(process.name), signal.SIGKILL)
    return time.monotonic()


def begin(context: BrowserContext, url: str) -> Page:
    page = context.new_page()
    page.goto(f"{url}/author/posts")
    page.get_by_role("button", name="Write").click()
    page.locator("#field-body").wait_for()
    page.wait_for_load_state()
    page.locator("#field-body").focus()
    return page


def found_again(context: BrowserContext, address: str) -> str:
    """The text as whoever opens the editor has it, after they took what it offers to bring back."""
    page = context.new_page()
    page.goto(address)
    page.wait_for_load_state("networkidle")
    if page.locator("#editor-rescue").is_visible():
        page.get_by_role("button", name="Bring it back").click()
    return page.locator("#field-body").input_value()


def test_a_browser_that_is_killed_costs_no_more_than_the_last_second(
    site: Site, signed_in: StorageState, playwright: Playwright, profile: Path, own_folder: Path
) -> None:
    typed = Typed()
    with browsing(playwright, profile, signed_in) as context:
        page = begin(context, site.url)
        address = page.url
        typed.type(page, TYPED_S)
        killed_s = kill_browser(profile)
    with browsing(playwright, own_folder, signed_in) as elsewhere:
        saved = found_again(elsewhere, address)
    with browsing(playwright, profile, signed_in) as context:
        kept = found_again(context, address)
    assert typed.missing_s(kept, killed_s) <= LOST_S
    # What the server has: up to a second's typing, and the way of the last save.
    assert typed.missing_s(saved, killed_s) <= 2 * LOST_S


def test_a_browser_that_is_killed_without_a_network_costs_no_more_than_the_last_second(
    site: Site, signed_in: StorageState, playwright: Playwright, profile: Path
) -> None:
    typed = Typed()
    with browsing(playwright, profile, signed_in) as context:
        page = begin(context, site.url)
        address = page.url
        context.set_offline(True)
        typed.type(page, TYPED_S)
        killed_s = kill_browser(profile)
    with browsing(playwright, profile, signed_in) as context:
        text = found_again(context, address)
    assert typed.missing_s(text, killed_s) <= LOST_S


def test_a_web_that_is_killed_while_one_types_costs_nothing(
    site: Site, signed_in: StorageState, playwright: Playwright, profile: Path, own_folder: Path
) -> None:
    typed = Typed()
    with browsing(playwright, profile, signed_in) as context:
        page = begin(context, site.url)
        typed.type(page, 1.5)
        for pid in descendants(site.up.process.pid, "sdc-web"):
            os.kill(pid, signal.SIGKILL)
        typed.type(page, 1.5)
        expect(page.locator("[data-saved]")).to_be_visible(timeout=45_000)
        address = page.url
        whole = page.locator("#field-body").input_value()
    assert typed.missing_s(whole, time.monotonic()) == 0
    with browsing(playwright, own_folder, signed_in) as context:
        assert found_again(context, address).strip() == whole.strip()


def test_a_machine_that_dies_costs_no_more_than_the_last_second(
    playwright: Playwright, profile: Path, own_folder: Path
) -> None:
    typed = Typed()
    environment = e2e_site.settings(own_folder, None)
    url = f"http://localhost:{environment['SDC_WEB_PORT']}"
    up = Up(environment)
    up.wait_for(LINK)
    cookies = set_up(re.search(LINK, up.printed))
    with browsing(playwright, profile) as context:
        context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items()])
        page = begin(context, url)
        address = page.url
        typed.type(page, TYPED_S)
        everything = [*descendants(up.process.pid), up.process.pid]
        for pid in everything:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        killed_s = kill_browser(profile)
    up.end(signal.SIGKILL)
    again = Up(environment)
    try:
        again.wait_for(r"^\s*web\s+ready")
        with browsing(playwright, profile) as context:
            context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items()])
            text = found_again(context, address)
    finally:
        again.end(signal.SIGINT)
    assert typed.missing_s(text, killed_s) <= LOST_S


def set_up(link: re.Match[str] | None) -> httpx.Cookies:
    """The cookies of the first author, who followed the printed link."""
    assert link is not None
    address, _, token = link[0].partition("?token=")
    form = {"token": token, "name": "ada", "display_name": "Ada", "password": "correct horse battery staple"}
    form |= {"site_title": "A site"}
    answer = httpx.post(address, data=form, headers={"Sec-Fetch-Site": "same-origin"}, timeout=20)
    assert answer.status_code == 303, answer.text
    return answer.cookies


def descendants(root: int, named: str = "") -> list[int]:
    """Processes below one, the deepest last; only those whose command line holds a name, when one is given."""
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        with suppress(OSError):
            for task in Path(f"/proc/{pid}/task").iterdir():
                children = [int(child) for child in (task / "children").read_text(encoding="utf-8").split()]
                waiting += children
                found += children
    return [pid for pid in found if named in command(pid)]


def command(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")
    return ""
