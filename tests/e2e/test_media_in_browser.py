"""The author in the media library: several uploads at once, what becomes of them, and all of it without script."""

import re
from base64 import b64encode
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, expect

import photograph
from e2e_site import Site
from seats import seated

pytestmark = pytest.mark.timeout(180)
WAIT_MS = 30_000
MADE_MS = 60_000
DROP = """([name, base64]) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const brought = new DataTransfer();
    brought.items.add(new File([bytes], name, { type: "image/png" }));
    const event = (type) => new DragEvent(type, { dataTransfer: brought, bubbles: true, cancelable: true });
    const place = document.querySelector("h1");
    place.dispatchEvent(event("dragenter"));
    place.dispatchEvent(event("dragover"));
    place.dispatchEvent(event("drop"));
}"""


@pytest.fixture
def desk(browser: Browser, signed_in: StorageState) -> Generator[BrowserContext]:
    """A browser in which the author is signed in, with script."""
    with browser.new_context(storage_state=signed_in) as context:
        context.set_default_timeout(WAIT_MS)
        yield context


@pytest.fixture
def plain_desk(browser: Browser, signed_in: StorageState) -> Generator[BrowserContext]:
    """The same without script, on a phone."""
    with seated(browser, "plain phone", signed_in) as seat:
        yield seat.context


def library(context: BrowserContext, site: Site) -> Page:
    page = context.new_page()
    page.goto(f"{site.url}/author/media")
    return page


def flat(path: Path, color: str) -> Path:
    Image.new("RGB", (64, 48), color).save(path)
    return path


def test_several_pictures_go_up_together_and_a_broken_one_is_named(
    site: Site, desk: BrowserContext, tmp_path: Path
) -> None:
    (tmp_path / "words.jpg").write_bytes(b"no picture at all")
    photo = photograph.take(tmp_path / "bridge.jpg")
    page = library(desk, site)
    page.locator("#field-file").set_input_files([photo, tmp_path / "words.jpg"])
    page.get_by_role("button", name="Upload").click()
    expect(page.locator("[data-upload-words]")).to_have_text(
        "Uploaded. Its sizes are being made. 1 not uploaded: see why below."
    )
    refused = page.locator(".upload-files > li")
    expect(refused).to_contain_text("words.jpg")
    expect(refused).to_contain_text("no picture that browsers show")
    expect(page.locator(".asset").first).to_contain_text("bridge.jpg")
    expect(page.locator(".asset").first.locator(".picture")).to_be_visible(timeout=MADE_MS)


def test_an_upload_that_breaks_off_is_tried_again(site: Site, desk: BrowserContext, tmp_path: Path) -> None:
    page = library(desk, site)
    desk.set_offline(True)
    page.locator("#field-file").set_input_files(flat(tmp_path / "teal.png", "teal"))
    page.get_by_role("button", name="Upload").click()
    expect(page.locator(".upload-files > li")).to_contain_text("the connection broke")
    desk.set_offline(False)
    page.get_by_role("button", name="Try again: teal.png").click()
    expect(page.locator(".asset").first).to_contain_text("teal.png")
    expect(page.locator(".upload-files > li")).to_have_count(0)


def test_a_picture_is_dropped_anywhere_on_the_page(site: Site, desk: BrowserContext, tmp_path: Path) -> None:
    page = library(desk, site)
    dropped = flat(tmp_path / "coral.png", "coral")
    page.evaluate(DROP, ["coral.png", b64encode(dropped.read_bytes()).decode()])
    expect(page.locator(".asset").first).to_contain_text("coral.png")


def test_what_is_looked_for_is_in_the_address_and_a_way_back_leads_there(site: Site, desk: BrowserContext) -> None:
    page = library(desk, site)
    page.get_by_label("Name or words").press_sequentially("MOSS")
    expect(page.locator(".asset")).to_have_count(1)
    expect(page.get_by_label("Name or words")).to_be_focused()
    expect(page.get_by_role("link", name="List")).to_have_attribute("href", re.compile("q=MOSS"))
    # As long as a finger holds it: nothing may take the link's place meanwhile.
    page.get_by_role("link", name="List").click(delay=400)
    expect(page).to_have_url(f"{site.url}/author/media?q=MOSS&view=list")
    page.locator(".asset-name a").click()
    page.wait_for_url("**/author/media/*")
    page.go_back()
    expect(page.get_by_label("Name or words")).to_have_value("MOSS")
    expect(page.locator(".asset")).to_have_count(1)


def test_a_click_on_the_picture_says_what_stays_in_view(site: Site, desk: BrowserContext) -> None:
    page = library(desk, site)
    page.locator(".asset-name a", has_text="moss.jpg").click()
    frame = page.locator("[data-focus]")
    frame.wait_for()
    pictures = frame.locator("img")
    until(page, lambda: pictures.evaluate_all("(all) => all.length > 0 && all.every((img) => img.naturalWidth > 0)"))
    box = frame.bounding_box()
    assert box is not None
    frame.click(position={"x": box["width"] * 0.2, "y": box["height"] * 0.9})
    expect(page.get_by_label("From the left")).to_have_value("20")
    expect(page.get_by_label("From the top")).to_have_value("90")
    page.get_by_label("From the top").fill("80")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".focus-cut .picture").first).to_have_class("picture focus-x-2 focus-y-8")


def test_another_file_takes_the_place_of_one_and_goes_back(
    site: Site, plain_desk: BrowserContext, tmp_path: Path
) -> None:
    page = library(plain_desk, site)
    page.get_by_text("Upload files").click()
    page.locator("#field-file").set_input_files(flat(tmp_path / "gold.png", "gold"))
    page.get_by_role("button", name="Upload").click()
    page.get_by_role("link", name="gold.png", exact=True).last.click()
    markdown = page.get_by_label("Markdown").input_value()
    until(page, lambda: page.locator(".focus-picture").count() == 1)
    old = page.locator(".media-files a").first.get_attribute("href")
    page.locator("#field-file").set_input_files(photograph.take(tmp_path / "silver.jpg", 640, 480))
    page.get_by_role("button", name="Replace the file").click()
    until(page, lambda: page.get_by_role("heading", name="silver.jpg").count() == 1)
    assert page.get_by_label("Markdown").input_value() == markdown
    shown = page.request.get(f"{site.url}{old}")
    assert shown.ok
    assert "/480." in shown.url
    page.get_by_role("button", name="Bring gold.png back").click()
    expect(page.get_by_role("heading", name="gold.png")).to_be_visible()


def test_what_is_unused_goes_into_the_trash_and_comes_back(
    site: Site, plain_desk: BrowserContext, tmp_path: Path
) -> None:
    page = library(plain_desk, site)
    page.get_by_text("Upload files").click()
    page.locator("#field-file").set_input_files(flat(tmp_path / "plum.png", "plum"))
    page.get_by_role("button", name="Upload").click()
    page.goto(f"{site.url}/author/media/unused?days=0")
    page.get_by_label("Choose plum.png").check()
    page.get_by_role("button", name="Put the ticked ones into the trash").click()
    expect(page.get_by_text("It can be brought back for 30 days.")).to_be_visible()
    page.get_by_label("Choose plum.png").check()
    page.get_by_role("button", name="Bring the ticked ones back").click()
    page.goto(f"{site.url}/author/media?q=plum")
    expect(page.locator(".asset")).to_have_count(1)


def until(page: Page, is_so: Callable[[], bool]) -> None:
    """Reload, as who has no script does, until something is so."""
    for _ in range(MADE_MS // 500):
        if is_so():
            return
        page.wait_for_timeout(500)
        page.reload()
    raise AssertionError(page.content())
