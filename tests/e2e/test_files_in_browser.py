"""What is no picture, from the author's hand to the reader's ear: uploaded, put into a text, played and fetched."""

import base64
import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, StorageState, expect
from sdc_cli import demo_files

from e2e_site import Site, soon
from seats import Seat

pytestmark = pytest.mark.timeout(240)
DROPPED = """([name, coded]) => {
    const data = new DataTransfer();
    const bytes = Uint8Array.from(atob(coded), (each) => each.charCodeAt(0));
    data.items.add(new File([bytes], name));
    const drop = new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
    document.getElementById("field-body").dispatchEvent(drop);
}"""
HEARD = """(audio) => new Promise((done, failed) => {
    audio.muted = true;
    audio.addEventListener("timeupdate", () => audio.currentTime > 0.2 && done(audio.duration));
    audio.addEventListener("error", () => failed(new Error("it cannot be played")));
    audio.play().catch(failed);
})"""


def test_a_sound_and_a_model_reach_readers(seat: Seat, site: Site, author: httpx.Client, tmp_path: Path) -> None:
    sound, model = tmp_path / f"Drops {seat.word}.wav", tmp_path / f"Case {seat.word}.stl"
    sound.write_bytes(demo_files.drops() + seat.word.encode())  # behind the sound, so that each seat has another file
    model.write_bytes(demo_files.case() + seat.word.encode())
    page = seat.open(f"{site.url}/author/media")
    markdown = [_uploaded(seat, page, file) for file in (sound, model)]
    seat.look(page)
    page.locator(".asset-name").get_by_role("link", name=sound.name).click()
    expect(page.locator("audio")).to_be_visible()
    seat.look(page)

    post_id = author.post("/author/posts", data={"kind": "post"}).headers["location"].rpartition("/")[2]
    text = {"title": f"Drops {seat.word}", "body": "\n\n".join(markdown)}
    token = site.sdc("token", "create", "--scope", "write", f"files-{seat.word}").stdout
    bearer = {"Authorization": f"Bearer {re.findall(r'sdc_[^ ]+', token)[0].strip()}"}
    with httpx.Client(base_url=f"{site.url}/api/v1", headers=bearer) as api:
        saved = api.patch(f"/posts/{post_id}", json=text, headers={"If-Match": "*"})
        assert saved.status_code == 200, saved.text
        published = api.post(f"/posts/{post_id}/publication", json={}, headers={"If-Match": "*"})
        assert published.status_code in (200, 201), published.text

    page.goto(site.url + f"/posts/drops-{seat.word}")
    seat.look(page)
    if seat.has_script:  # the test's own, to hear of events; the player needs none
        assert page.locator("audio").evaluate(HEARD) == pytest.approx(demo_files.LENGTH_S, abs=0.1)
    with page.expect_download() as fetched:
        seat.press(page.get_by_role("link", name=model.name))
    assert fetched.value.suggested_filename == model.name
    assert Path(fetched.value.path()).read_bytes() == model.read_bytes()


def test_a_file_that_is_dropped_on_a_text_becomes_a_link_there(
    site: Site, browser: Browser, signed_in: StorageState, author: httpx.Client
) -> None:
    draft = author.post("/author/posts", data={"kind": "post"}).headers["location"]
    with browser.new_context(storage_state=signed_in) as desk:
        page = desk.new_page()
        page.goto(site.url + draft)
        page.locator("[data-toolbar]").wait_for()
        body = base64.b64encode(demo_files.case() + b"dropped").decode()
        page.evaluate(DROPPED, ["Dropped case.stl", body])
        area = page.locator("#field-body")
        soon(page, lambda: "](media:" in area.input_value())
        assert re.fullmatch(r"!\[Dropped case\.stl\]\(media:[0-9A-Z]{26}\)\s*", area.input_value())
        page.get_by_role("toolbar").get_by_role("button", name="Picture or file", exact=True).click()
        expect(page.get_by_role("dialog").get_by_title("Dropped case.stl")).to_be_visible()
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Choose…").click()
        expect(page.locator(".picture-choice").first).to_be_visible()
        expect(page.get_by_role("dialog").get_by_title("Dropped case.stl")).to_have_count(0)


def _uploaded(seat: Seat, page: Page, file: Path) -> str:
    """The Markdown that the library gives for it."""
    if not page.locator("#field-file").is_visible():
        seat.press(page.get_by_text("Upload files"))
    page.locator("#field-file").set_input_files(file)
    seat.press(page.get_by_role("button", name="Upload", exact=True))
    entry = page.locator(".asset").filter(has_text=file.name)
    expect(entry).to_have_count(1)
    found = entry.locator("input[id^=markdown-]").get_attribute("value")
    assert found is not None
    return found
