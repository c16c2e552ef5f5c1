"""The pages Import and Export in a browser, with scripts and without: from a file to posts, and back to a file."""

import re
import zipfile
from collections.abc import Generator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, expect

import photograph
from e2e_site import Site

pytestmark = pytest.mark.timeout(300)
LONG_MS = 120_000


@pytest.fixture(params=[True, False], ids=["with scripts", "without"])
def scripted(request: pytest.FixtureRequest) -> bool:
    """Whether scripts run."""
    return bool(request.param)


@pytest.fixture
def desk(browser: Browser, signed_in: StorageState, *, scripted: bool) -> Generator[BrowserContext]:
    """A browser in which the author is signed in."""
    with browser.new_context(storage_state=signed_in, java_script_enabled=scripted) as context:
        context.set_default_timeout(LONG_MS)
        yield context


def archive(folder: Path, name: str) -> Path:
    """Two posts, one of which shows what is no picture."""
    file = folder / f"{name}.zip"
    with zipfile.ZipFile(file, "w") as opened:
        opened.write(photograph.take(folder / "a.jpg", width=90, height=60), "a.jpg")
        opened.writestr("b.jpg", b"no picture")
        opened.writestr(f"a-{name}.md", f"---\ntitle: A {name}\naliases: [/old-{name}]\n---\n![fog](a.jpg)\n")
        opened.writestr(f"b-{name}.md", f"---\ntitle: B {name}\n---\n![fog](b.jpg)\n")
    return file


def until(page: Page, state: str, *, scripted: bool) -> None:
    """The newest one comes to be in that state: by itself, or when the page is loaded again."""
    shown = page.locator(".state").first
    if scripted:
        expect(shown).to_have_text(state, timeout=LONG_MS)
        return
    for _ in range(600):
        if shown.inner_text() == state:
            return
        page.reload()
    raise AssertionError(f"{state} is not there: {page.inner_text('main')}")


def test_a_file_becomes_posts_and_the_site_a_file(
    site: Site, desk: BrowserContext, tmp_path: Path, *, scripted: bool
) -> None:
    page = desk.new_page()
    name = "mist" if scripted else "haze"
    page.goto(f"{site.url}/author/imports")
    page.get_by_label("File", exact=True).set_input_files(archive(tmp_path, name))
    page.get_by_role("button", name="Send and look at it").click()
    expect(page).to_have_url(re.compile(r"/author/imports/\w+"), timeout=LONG_MS)
    until(page, "looked at, not started", scripted=scripted)
    expect(page.get_by_role("row", name=f"b-{name}.md")).to_contain_text("left out")
    expect(page.locator(".transfer-things")).to_contain_text("redirect")
    page.get_by_role("button", name="Start the import").click()
    # What was pressed is under way before the page is loaded again.
    expect(page.locator(".state").first).not_to_have_text("looked at, not started", timeout=LONG_MS)
    until(page, "imported", scripted=scripted)
    page.get_by_role("link", name=f"/posts/a-{name}").click()
    expect(page.get_by_role("heading", name=f"A {name}")).to_be_visible()
    page.goto(f"{site.url}/author/exports")
    page.get_by_role("button", name="Make a static copy").click()
    expect(page).to_have_url(re.compile("/author/exports$"))
    until(page, "made", scripted=scripted)
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download").first.click()
    with zipfile.ZipFile(downloading.value.path()) as copy:
        assert f"A {name}" in copy.read(f"posts/a-{name}/index.html").decode()
    page.get_by_role("button", name="Delete").first.click()
    expect(page.get_by_text("Deleted.", exact=True)).to_be_visible()
