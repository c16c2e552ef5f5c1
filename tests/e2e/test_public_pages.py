"""Every kind of public page in a browser, at three widths, by day and by night: axe has nothing to say, none goes
sideways, and the browser complains of none.
"""

import httpx
import page_checks
import public_pages
import pytest
from page_checks import Finding
from playwright.sync_api import Browser, ConsoleMessage

from e2e_site import Site

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def paths(site: Site, author: httpx.Client) -> dict[str, str]:
    """One of each kind."""
    with httpx.Client(base_url=site.url) as visitor:
        return public_pages.of(visitor, public_pages.shared_draft(author))


@pytest.mark.parametrize("kind", [each.name for each in public_pages.KINDS])
def test_nothing_is_wrong_with_a_page(site: Site, browser: Browser, paths: dict[str, str], kind: str) -> None:
    found: list[Finding] = []

    def fault(tool: str, where: str) -> Finding:
        return Finding(tool=tool, page=paths[kind], rule="fails", where=where)

    def said(message: ConsoleMessage) -> None:
        expected = "the server responded with a status of 404" in message.text and kind == "not found"
        if message.type in ("error", "warning") and not expected:
            found.append(fault("console", message.text))

    with browser.new_context() as context:
        page = context.new_page()
        page.on("console", said)
        page.on("pageerror", lambda error: found.append(fault("script", str(error))))
        page.set_viewport_size(page_checks.PHONE)
        page.goto(site.url + paths[kind])
        found += page_checks.everywhere(page, paths[kind])
    assert found == []
