"""The search in a browser: what only a keyboard, an address bar and a screen reader would show."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, expect

from e2e_site import Site

pytestmark = pytest.mark.timeout(180)


def test_results_follow_the_keys_and_leave_the_reader_where_they_were(site: Site, browser: Browser) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url) if "/search?" in request.url else None)
        faults: list[str] = []
        page.on("console", lambda said: faults.append(said.text) if said.type in ("error", "warning") else None)
        page.clock.install()
        page.goto(f"{site.url}/search")
        said = page.get_by_role("status")
        before = said.element_handle()
        field = page.get_by_role("searchbox", name="Search the site")
        # However slowly this machine types, to the page it is one stroke after the other, without a pause.
        page.clock.pause_at(datetime.now(UTC) + timedelta(hours=1))
        field.press_sequentially("moss")
        assert asked == []
        page.clock.resume()
        expect(said).to_contain_text("for “moss”")
        expect(page).to_have_url(f"{site.url}/search?q=moss")
        expect(field).to_be_focused()
        # A screen reader tells what changes in the element that it knows, not what takes its place.
        assert said.evaluate("(now, before) => now === before", before)
        assert asked == [f"{site.url}/search?q=moss"]
        page.locator("main .post-list a").first.click()
        page.go_back()
        expect(page.get_by_role("heading", name="Search")).to_be_visible()
        expect(said).to_contain_text("for “moss”")
        assert faults == []
