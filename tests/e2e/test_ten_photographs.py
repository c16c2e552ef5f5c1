"""Ten photographs, from the author's disk to readers on screens of three widths and two densities."""

import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

import photograph
from e2e_site import Site

pytestmark = pytest.mark.timeout(240)
WAIT_MS = 30_000
MADE_MS = 180_000
COUNT = 10
READER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
SEEN = """(images) => images.map((each) => ({
    address: each.currentSrc,
    needed: each.getBoundingClientRect().width * devicePixelRatio,
    shown: each.naturalWidth,
    upright: each.naturalHeight > each.naturalWidth,
    offered: [...each.closest("picture").querySelectorAll("source, img")].map((from) => from.srcset),
}))"""


def test_a_post_with_ten_photographs_is_sharp_on_every_screen(
    site: Site, browser: Browser, signed_in: StorageState, tmp_path: Path
) -> None:
    photos = [photograph.take(tmp_path / f"walk-{number}.jpg", 1100 + number, 700) for number in range(COUNT)]
    with browser.new_context(storage_state=signed_in) as desk:
        desk.set_default_timeout(WAIT_MS)
        page = desk.new_page()
        markdown = uploaded(page, site, photos)
        address = published(page, site, markdown)
    for width, density in [(width, density) for width in (360, 768, 1440) for density in (1, 2)]:
        with browser.new_context(
            viewport={"width": width, "height": 800}, device_scale_factor=density, user_agent=READER
        ) as screen:
            look(screen.new_page(), address)
    sizes_in_feed(site)


def uploaded(page: Page, site: Site, photos: list[Path]) -> list[str]:
    """The Markdown of each; all were dropped at once, were seen while their sizes were made, and have them."""
    page.goto(f"{site.url}/author/media")
    before = counted(page)
    page.locator("#field-file").set_input_files(photos)
    page.locator("#media-upload-form").get_by_label("What it shows").fill("A step of the walk")
    page.get_by_role("button", name="Upload").click()
    cards = page.locator(".asset", has_text=re.compile(r"walk-\d\.jpg"))
    expect(cards).to_have_count(COUNT, timeout=MADE_MS)
    assert counted(page) == before + COUNT
    # Each is seen in its first size; one of them at least while it waits for the others.
    expect(cards.locator(".picture")).to_have_count(COUNT, timeout=MADE_MS)
    expect(cards.locator(".state-pending")).to_have_count(0, timeout=MADE_MS)
    return cards.locator("[id^=markdown-]").evaluate_all("fields => fields.map((each) => each.value)")


def counted(page: Page) -> int:
    """How many pictures the library says it has."""
    return int(re.sub(r"\D", "", page.locator("#media-count").inner_text()))


def published(page: Page, site: Site, markdown: list[str]) -> str:
    """The address of a post that shows them all."""
    assert len(set(markdown)) == COUNT
    page.goto(f"{site.url}/author/posts")
    page.get_by_role("button", name="Write").click()
    page.locator("#field-title").fill("Ten steps")
    page.locator("#field-body").fill("\n\n".join(markdown))
    expect(page.locator("[data-saved]:not([hidden])")).to_contain_text("Saved")
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.locator(".state-published").first).to_be_visible()
    address = page.get_by_role("link", name="view on the site").get_attribute("href")
    assert address is not None
    return site.url + address.removeprefix(site.url)


def look(page: Page, address: str) -> None:
    """Every picture comes when it is near, upright, as AVIF, from the narrowest file that is wide enough; and nothing
    moves or sticks out.
    """
    faults: list[str] = []
    asked: set[str] = set()
    page.on("console", lambda said: faults.append(said.text) if said.type in ("error", "warning") else None)
    page.on("request", lambda each: asked.add(each.url))
    page.on("requestfinished", lambda each: asked.discard(each.url))
    page.goto(address)
    images = page.locator(".picture-main img")
    expect(images).to_have_count(COUNT)
    height = page.evaluate("document.documentElement.scrollHeight")
    for number in range(COUNT):
        # At once, whatever else moves: a busy machine draws a frame in seconds.
        images.nth(number).evaluate("(image) => image.scrollIntoView({ block: 'center', behavior: 'instant' })")
        try:
            expect(images.nth(number)).to_have_js_property("complete", value=True, timeout=WAIT_MS)
        except AssertionError as error:
            raise AssertionError(f"not answered: {asked}, seen from {page.evaluate('scrollY')}") from error
    assert page.evaluate("document.documentElement.scrollHeight") == height
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for each in images.evaluate_all(SEEN):
        assert each["upright"]
        assert re.search(r"/media/\w+/\d+\.avif\?", each["address"])
        offered = sorted({int(width) for width in re.findall(r" (\d+)w", " ".join(each["offered"]))})
        wide_enough = [width for width in offered if width >= each["needed"] - 1] or offered[-1:]
        assert f"/{wide_enough[0]}.avif" in each["address"], (each, offered)
    assert faults == []


def sizes_in_feed(site: Site) -> None:
    """Feed readers get one file of each."""
    feed = httpx.get(f"{site.url}/feed.json").json()
    entry = next(each for each in feed["items"] if each["title"] == "Ten steps")
    sources = re.findall(r'<img src="([^"]+)"', entry["content_html"])
    assert len(set(sources)) == COUNT
    assert all(httpx.get(each).headers["content-type"] == "image/jpeg" for each in sources[:2])
