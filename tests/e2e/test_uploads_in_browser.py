"""Pictures and files on their way up: how far they are, stopped, sent again; pictures that say nothing yet; a file that
is no export, and one that is looked at and left.
"""

import re
import secrets
import zipfile
from pathlib import Path

import httpx
import pytest
from PIL import Image
from playwright.sync_api import CDPSession, Page, expect

from e2e_site import Site, soon
from seats import Seat, publish, read

pytestmark = pytest.mark.timeout(180)
SLOW_BYTES_A_S = 150_000
MADE_MS = 60_000
WITH_SCRIPT = pytest.mark.parametrize("seat", ["desk", "phone"], indirect=True)


def noise(path: Path) -> Path:
    """A PNG of a megabyte, unlike any other."""
    Image.frombytes("L", (1100, 900), secrets.token_bytes(1100 * 900)).save(path)
    return path


def throttle(line: CDPSession, bytes_a_s: int) -> None:
    """The way up takes that much from now on; -1 for all there is."""
    limits = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_a_s}
    line.send("Network.emulateNetworkConditions", limits)


@WITH_SCRIPT
def test_uploads_tell_how_far_they_are_stop_when_told_and_are_sent_again(
    site: Site, seat: Seat, author: httpx.Client, tmp_path: Path
) -> None:
    one, two, three = (f"fog-{each}-{seat.word}.png" for each in ("one", "two", "three"))
    page = seat.open(f"{site.url}/author/media")
    line = page.context.new_cdp_session(page)
    throttle(line, SLOW_BYTES_A_S)
    if seat.is_phone:
        seat.press(page.get_by_text("Upload files"))
    page.locator("#field-file").set_input_files([noise(tmp_path / each) for each in (one, two, three)])
    seat.press(page.get_by_role("button", name="Upload"))
    lines, said = page.locator(".upload-files > li"), page.locator("[data-upload-words]")
    expect(lines).to_have_count(3)
    expect(lines.filter(has_text=three)).to_contain_text("waits")
    expect(said).to_have_text("Uploading 3 of 3.")
    bar = page.get_by_role("progressbar", name=f"Upload of {one}")
    soon(page, lambda: 0 < bar.evaluate("bar => bar.value") < 100)
    expect(lines.filter(has_text=one)).to_contain_text(re.compile(r"[1-9]\d? %"))
    seat.look(page)

    seat.press(page.get_by_role("button", name=f"Cancel: {three}"))
    expect(lines).to_have_count(2)
    page.get_by_role("button", name=f"Cancel: {one}").focus()
    page.keyboard.press("Enter")
    expect(lines.filter(has_text=one)).to_contain_text("cancelled.")
    expect(bar).to_be_hidden()
    again = page.get_by_role("button", name=f"Try again: {one}")
    expect(again).to_be_focused()
    seat.look(page)
    throttle(line, -1)
    expect(page.locator(".asset").first).to_contain_text(two)
    expect(said).to_have_text("Uploaded. Its sizes are being made. 1 not uploaded: see why below.")
    page.keyboard.press("Enter")
    expect(page.locator(".asset").first).to_contain_text(one)
    expect(lines).to_have_count(0)
    kept = author.get("/author/media", params={"q": seat.word}).text
    assert [each in kept for each in (one, two, three)] == [True, True, False]


def test_pictures_that_say_nothing_are_described_in_one_go_and_readers_hear_it(
    site: Site, seat: Seat, author: httpx.Client, tmp_path: Path
) -> None:
    heron, dots = f"heron-{seat.word}.png", f"dots-{seat.word}.png"
    for name in (heron, dots):
        with noise(tmp_path / name).open("rb") as opened:
            assert author.post("/author/media", files={"file": (name, opened)}).status_code == 303
    found = re.search(r'id="markdown-(\w+)" type="hidden" value="([^"]*)"', author.get(f"/author/media?q={heron}").text)
    assert found is not None
    asset_id, markdown = found.groups()
    publish(author, title=f"Heron {seat.word}", slug=f"heron-{seat.word}", body_markdown=markdown)
    public = f"{site.url}/posts/heron-{seat.word}"
    assert "It waits for fish" not in read(public)

    page = seat.open(f"{site.url}/author/media")
    seat.press(page.get_by_role("link", name="Without alt text"))
    entries = page.locator(".media-alt > li").filter(has_text=re.compile(rf"(?:heron|dots)-{seat.word}\.png"))
    expect(entries).to_have_count(2)
    seat.look(page)
    page.get_by_label(heron, exact=True).fill("It waits for fish & frogs")
    seat.press(entries.filter(has_text=dots).get_by_role("checkbox"))
    seat.press(page.get_by_role("button", name="Save all"))
    expect(page.locator(".flash-ok")).to_have_text("Saved.")
    expect(entries).to_have_count(0)
    soon(page, lambda: 'alt="It waits for fish &amp; frogs"' in read(public))
    page.goto(f"{site.url}/author/media/{asset_id}")
    expect(page.get_by_label("What it shows")).to_have_value("It waits for fish & frogs")
    page.goto(f"{site.url}/author/media?q={dots}")
    expect(page.locator(".asset-alt")).to_have_text("decoration")


def test_a_file_that_is_no_export_is_refused_and_one_that_was_looked_at_is_left(
    site: Site, seat: Seat, tmp_path: Path
) -> None:
    page = seat.open(f"{site.url}/author/imports")
    rows = page.get_by_role("row")
    before = rows.count()
    broken, whole = tmp_path / "broken.zip", tmp_path / f"notes-{seat.word}.zip"
    broken.write_bytes(b"no zip at all")
    page.get_by_label("File", exact=True).set_input_files(broken)
    seat.press(page.get_by_role("button", name="Send and look at it"))
    expect(page.locator(".field-error")).to_be_visible()
    seat.look(page)
    with zipfile.ZipFile(whole, "w") as packed:
        packed.writestr(f"jetty-{seat.word}.md", "---\ntitle: Jetty\n---\nIt stands.\n")
    page.get_by_label("File", exact=True).set_input_files(whole)
    seat.press(page.get_by_role("button", name="Send and look at it"))
    page.wait_for_url(re.compile(r"/author/imports/\w+$"))
    state = page.locator(".state").first
    soon(page, lambda: state.inner_text() == "looked at, not started" or again(seat, page))
    expect(page.get_by_text("Nothing has been changed.")).to_be_visible()
    expect(page.get_by_role("row", name=f"jetty-{seat.word}.md")).to_be_visible()
    seat.look(page)
    read(f"{site.url}/posts/jetty-{seat.word}", 404)
    seat.press(page.get_by_role("button", name="Delete the file and the report"))
    expect(page.locator(".flash-ok")).to_have_text("Deleted.")
    expect(page.get_by_role("link", name=f"notes-{seat.word}.zip")).to_have_count(0)
    assert rows.count() == before


def again(seat: Seat, page: Page) -> bool:
    """Who has no script loads the page again."""
    if not seat.has_script:
        page.reload()
    return False
