"""A visitor's browser: a phone, a slow line, a keyboard; nothing refused, nothing that moves."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, StorageState, ViewportSize, expect

from e2e_site import Site

pytestmark = pytest.mark.timeout(180)
LIGHT_BYTES = 60_000
"""On the wire, headers included, when nothing is kept yet: a text of 1,500 words without pictures (Brotli), its styles
and scripts, both fonts and the icon.
"""
FONT_BYTES = 40_000
PHONE = ViewportSize(width=360, height=740)
DESK = ViewportSize(width=1440, height=900)
WORDS = (Path(__file__).parents[2] / "docs" / "operations.md").read_text().split()[:1_500]
PROSE = " ".join(re.sub(r"[^\w.,:;-]", "", word) for word in WORDS)
TEXT = f"""A long word: {"w" * 200}.

## A heading

| a | table | that | is | rather | wide | for | a | phone |
|---|---|---|---|---|---|---|---|---|
| one | two | three | four | five | six | seven | eight | nine |

```python
print("a line of code that is longer than a telephone is wide, and has to scroll by itself")
```

هذا نص عربي قصير.

*Italics*, **bold**, ***both***, `code`, $E = mc^2$ and prose: {PROSE}
"""


@pytest.fixture(scope="module")
def post(site: Site, browser: Browser, signed_in: StorageState) -> str:
    """The address of a published post that is hard to lay out."""
    with browser.new_context(storage_state=signed_in) as context:
        page = context.new_page()
        page.goto(f"{site.url}/author/posts")
        page.get_by_role("button", name="Write").click()
        page.locator("#field-title").fill("Unbreakable" * 15)
        page.locator("#field-body").fill(TEXT)
        page.get_by_label("Slug").fill("hard-to-lay-out")
        page.get_by_role("button", name="Publish", exact=True).click()
        expect(page.locator(".state-published").first).to_be_visible()
    return f"{site.url}/posts/hard-to-lay-out"


def test_no_page_is_wider_than_a_phone_and_the_browser_complains_of_none(
    site: Site, browser: Browser, post: str
) -> None:
    with browser.new_context(viewport=PHONE) as context:
        page = context.new_page()
        faults: list[str] = []
        page.on("console", lambda said: faults.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        for address in (post, site.url, f"{site.url}/posts", f"{site.url}/search?q=heading", f"{site.url}/tags"):
            page.goto(address)
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], address
        assert faults == []


def test_a_post_is_light_and_nothing_moves_on_a_slow_line(browser: Browser, post: str) -> None:
    with browser.new_context(viewport=PHONE) as context:
        page = context.new_page()
        page.add_init_script(
            "window.moved = 0; new PerformanceObserver((list) => { for (const each of list.getEntries())"
            " window.moved += each.value; }).observe({ type: 'layout-shift', buffered: true });"
        )
        network = context.new_cdp_session(page)
        answers: dict[str, dict[str, Any]] = {}
        sizes: dict[str, int] = {}
        network.on("Network.responseReceived", lambda told: answers.update({told["requestId"]: told["response"]}))
        network.on("Network.loadingFinished", lambda done: sizes.update({done["requestId"]: done["encodedDataLength"]}))
        network.send("Network.enable")
        slow = {"offline": False, "latency": 100, "downloadThroughput": 80_000, "uploadThroughput": 80_000}
        network.send("Network.emulateNetworkConditions", slow)
        page.goto(post, wait_until="networkidle")
        sent = [(answers[name], size) for name, size in sizes.items()]
        assert sum(size for _, size in sent) < LIGHT_BYTES, [(answer["url"], size) for answer, size in sent]
        fonts = [size for answer, size in sent if answer["url"].endswith(".woff2")]
        assert len(fonts) == 2
        assert sum(fonts) < FONT_BYTES
        # Another test may have chosen a look, which is one style sheet more.
        texts = [answer for answer, _ in sent if answer["mimeType"] in ("text/html", "text/css", "text/javascript")]
        assert len(texts) >= 3
        assert {answer["headers"].get("content-encoding") for answer in texts} == {"br"}
        assert page.evaluate("window.moved") == 0


def test_the_keyboard_reaches_the_text_at_once_and_code_that_scrolls(browser: Browser, post: str) -> None:
    with browser.new_context(viewport=PHONE) as context:
        page = context.new_page()
        page.goto(post)
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the text")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_be_focused()
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Link to: A heading")).to_be_focused()
        page.keyboard.press("Tab")
        expect(page.get_by_role("group", name="Table: A heading")).to_be_focused()
        page.keyboard.press("Tab")
        expect(page.get_by_role("group", name="Code: python")).to_be_focused()
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="Copy")).to_be_focused()


def test_what_does_not_scroll_is_no_stop_for_the_keyboard_until_it_does(browser: Browser, post: str) -> None:
    with browser.new_context(viewport=DESK) as context:
        page = context.new_page()
        page.goto(post)
        table = page.locator(".table-scroll")
        for name in ("role", "aria-label", "tabindex"):
            expect(table).not_to_have_attribute(name, re.compile(""))
        page.set_viewport_size(PHONE)
        expect(page.get_by_role("group", name="Table: A heading")).to_have_attribute("tabindex", "0")


def test_code_is_copied_by_its_button(browser: Browser, post: str) -> None:
    with browser.new_context(permissions=["clipboard-read", "clipboard-write"]) as context:
        page = context.new_page()
        page.goto(post)
        page.locator(".highlight").hover()
        page.get_by_role("button", name="Copy").click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        expect(page.get_by_role("status")).to_have_text("Copied")
        copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == 'print("a line of code that is longer than a telephone is wide, and has to scroll by itself")'


def test_an_address_with_nothing_behind_it_says_so_and_offers_the_search(site: Site, browser: Browser) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        answer = page.goto(f"{site.url}/posts/nothing-of-the-kind")
        assert answer is not None
        assert answer.status == 404
        expect(page.get_by_role("heading", name="Nothing is here")).to_be_visible()
        page.get_by_label("Search the site").fill("zzz")
        page.get_by_role("button", name="Search").click()
        expect(page.get_by_text("No results for")).to_be_visible()
    assert httpx.get(f"{site.url}/feed.xml").status_code == 200
