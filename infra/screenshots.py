"""Makes the pictures of docs/screenshots anew, from a demonstration site with a day of readers.

    uv run python infra/screenshots.py

Needs Chromium (CHROMIUM_PATH, or Playwright's own).
"""

import os
import sys
import tempfile
from pathlib import Path

import msgspec
from PIL import Image
from playwright.sync_api import Browser, Page, StorageState, ViewportSize, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "screenshots"
COLOURS = 128
"""A palette of so many keeps a page under 60 kB, and nobody sees the difference."""
SETTLED_MS = 1_500
POST = "/posts/the-weight-of-the-air"


class Shot(msgspec.Struct, frozen=True, kw_only=True):
    """One picture: its file, the page, the colour scheme, a link of that page to follow first, and the window."""

    name: str
    path: str
    dark: bool = False
    follow: str = ""
    width: int = 1280
    height: int = 800


SHOTS = [
    Shot(name="post-light", path=POST),
    Shot(name="home-dark", path="/", dark=True),
    Shot(name="cms-home-light", path="/author"),
    Shot(name="statistics-light", path="/author/statistics"),
    Shot(name="media-light", path="/author/media", height=1000),
    Shot(name="look-light", path="/author/site/look"),
    Shot(name="editor-phone-light", path="/author/posts", follow="The weight of the air", width=390, height=700),
    Shot(name="editor-dark", path="/author/posts", dark=True, follow="The weight of the air"),
]


def main() -> int:
    """Take all of them; 0."""
    sys.path.append(str(ROOT / "tests"))
    import e2e_site  # noqa: PLC0415 - of the tests, which are no package

    with (
        tempfile.TemporaryDirectory(prefix="sdc-screenshots-") as folder,
        e2e_site.running(Path(folder), "--demo") as site,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM_PATH"))
        kept = come_in(browser, site.link)
        for shot in SHOTS:
            with browser.new_context(
                storage_state=kept,
                viewport=ViewportSize(width=shot.width, height=shot.height),
                color_scheme="dark" if shot.dark else "light",
            ) as context:
                take(context.new_page(), site.url, shot)
    return 0


def come_in(browser: Browser, link: str) -> StorageState:
    """The cookies of who followed the printed link."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(link)
        page.get_by_role("button").first.click()
        page.wait_for_url("**/author")
        return context.storage_state()


def take(page: Page, url: str, shot: Shot) -> None:
    """One picture, once the page has settled."""
    page.goto(url + shot.path)
    if shot.follow:
        page.get_by_role("link", name=shot.follow, exact=True).click()
    page.wait_for_timeout(SETTLED_MS)
    file = FOLDER / f"{shot.name}.png"
    page.screenshot(path=file)
    with Image.open(file) as taken:
        taken.convert("RGB").quantize(COLOURS).save(file, optimize=True)
    print(f"{shot.name:<16} {file.stat().st_size // 1000} kB")


if __name__ == "__main__":
    sys.exit(main())
