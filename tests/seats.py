"""Where an author sits in a test: at a desk or with a phone, with scripts or without; and what is looked at wherever
a walk stops.
"""

from collections.abc import Generator
from contextlib import contextmanager

import httpx
import page_checks
from playwright.sync_api import Browser, BrowserContext, Locator, Page, StorageState, expect

from log_lines import CHROME

EVERYWHERE = ("desk", "phone", "plain desk", "plain phone")
"""`plain` is without scripts."""
WAIT_MS = 30_000
ANDROID = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36"
)
_REACHES = 120


class Seat:
    """One of `EVERYWHERE`, and the browser there. Several share a site, so what is made here is named after `word`."""

    def __init__(self, name: str, context: BrowserContext) -> None:
        self.name, self.context = name, context
        self.word = name.replace(" ", "-")
        self.is_phone, self.has_script = name.endswith("phone"), not name.startswith("plain")

    def open(self, address: str) -> Page:
        """A new tab there."""
        page = self.context.new_page()
        page.goto(address)
        return page

    def press(self, what: Locator) -> None:
        """As a hand does it here: with a finger on a phone, with the mouse at a desk."""
        if self.is_phone:
            what.tap()
        else:
            what.click()

    def go(self, what: Locator) -> None:
        """Press what leads to another page, and wait for it."""
        with what.page.expect_navigation():
            self.press(what)

    def look(self, page: Page) -> None:
        """Nothing sticks out to the side, and axe has nothing to say, by day and by night."""
        width = self._width
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{page.url} is wider than {width} px"
        if self.has_script:
            assert list(page_checks.axe_as_it_stands(page, page.url)) == []

    @property
    def _width(self) -> int:
        # A phone makes its window as wide as what is in it, so that is no measure there.
        return (page_checks.PHONE if self.is_phone else page_checks.DESK)["width"]


@contextmanager
def seated(browser: Browser, name: str, kept: StorageState | None = None, zone: str = "UTC") -> Generator[Seat]:
    """The browser of one of `EVERYWHERE`: a phone has fingers, a dense screen and a viewport of its own."""
    is_phone = name.endswith("phone")
    with browser.new_context(
        storage_state=kept,
        viewport=page_checks.PHONE if is_phone else page_checks.DESK,
        device_scale_factor=2 if is_phone else 1,
        is_mobile=is_phone,
        has_touch=is_phone,
        user_agent=ANDROID if is_phone else None,
        java_script_enabled=not name.startswith("plain"),
        timezone_id=zone,
    ) as context:
        context.set_default_timeout(WAIT_MS)
        yield Seat(name, context)


def reach(page: Page, what: Locator) -> None:
    """Tab until that has the focus."""
    for _ in range(_REACHES):
        page.keyboard.press("Tab")
        if what.evaluate("element => element === document.activeElement"):
            return
    expect(what).to_be_focused(timeout=1)


def read(url: str, status: int = 200) -> str:
    """What a reader's browser is answered there; it follows no redirect."""
    answer = httpx.get(url, headers={"User-Agent": CHROME, "Accept": "text/html"})
    assert answer.status_code == status, f"{url}: {answer.status_code}"
    return answer.headers["location"] if answer.is_redirect else answer.text


def publish(author: httpx.Client, kind: str = "post", **fields: str) -> str:
    """The address in the CMS of a text of that kind, which is published with these fields of the editor."""
    text = author.post("/author/posts", data={"kind": kind}).headers["location"]
    form = {"body_markdown": "It is here.", "base_revision": "1", "intent": "anyway"} | fields
    answer = author.post(f"{text}/publication", data=form)
    assert answer.headers.get("location", "").endswith("said=published"), answer.text
    return text
