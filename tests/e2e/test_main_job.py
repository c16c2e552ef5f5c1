"""The main job, driven from outside as an author and a visitor would: from an empty folder to a restored copy."""

import re
import sqlite3
import threading
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from sdc_core import clock
from sdc_core.objects import open_store

import photograph
from e2e_site import Remote, Site, run_apart

PASSWORD = "nine lives and a lantern"
TITLE = "A lantern in the fog"
READER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
"""A person's browser: the one under test calls itself headless and is counted as a bot, rightly."""
ATOM = "{http://www.w3.org/2005/Atom}"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


@pytest.mark.timeout(240)
def test_a_post_goes_from_an_empty_folder_to_readers_statistics_and_a_restored_copy(
    new_site: Site, remote: Remote, browser: Browser, tmp_path: Path
) -> None:
    site = new_site
    page = browser.new_page()
    page.set_default_timeout(20_000)
    faults = listen_for_faults(page)

    become_author(page, site)
    markdown = upload(page, site, photograph.take(tmp_path / "lantern.jpg"))
    address = publish(page, site, f"Some **fog** over the river.\n\n{markdown}\n\n```python\nprint('fog')\n```\n")
    read_as_visitor(browser, site, address)
    find_in_machines(site, address)
    find_page_views(page, site, address)
    restore(site, tmp_path / "restored")
    mirror(page, site, remote)
    find_cron_run(page, site)

    assert faults == []


def listen_for_faults(page: Page) -> list[str]:
    """What the browser complains of, a refused script or style above all, and every answer that is a server's fault."""
    faults: list[str] = []
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("response", lambda answer: faults.append(answer.url) if answer.status >= 500 else None)
    return faults


def become_author(page: Page, site: Site) -> None:
    """The link makes the author once, and is then worth nothing; the password signs in."""
    page.goto(site.link)
    page.get_by_label("Title of the site").fill("The lantern")
    page.get_by_label("Your name").fill("Ada")
    page.get_by_label("Sign-in name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Set up with a password").click()
    expect(page.get_by_role("heading", name="Hello")).to_be_visible()
    assert httpx.get(site.link).is_client_error

    page.get_by_role("button", name="Sign out").click()
    page.goto(f"{site.url}/author")
    page.get_by_label("Sign-in name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in with a password").click()
    expect(page.get_by_role("heading", name="Hello")).to_be_visible()


def upload(page: Page, site: Site, photo: Path) -> str:
    """The Markdown of an uploaded photograph, once the worker has made its variants."""
    page.goto(f"{site.url}/author/media")
    page.locator("#field-file").set_input_files(photo)
    page.locator("#media-upload-form").get_by_label("What it shows").fill("A lantern on a bridge")
    page.get_by_role("button", name="Upload").click()
    asset = page.locator(".asset").first
    expect(asset.locator(".picture")).to_be_visible(timeout=60_000)
    expect(asset.locator(".state-pending")).to_have_count(0, timeout=60_000)
    return asset.locator("[id^=markdown-]").input_value()


def publish(page: Page, site: Site, body: str) -> str:
    """The address of a post written, kept by autosave across a reload, and published."""
    page.goto(f"{site.url}/author/posts")
    page.get_by_role("button", name="Write").click()
    page.locator("#field-title").fill(TITLE)
    page.locator("#field-body").fill(body)
    expect(page.locator("[data-saved]:not([hidden])")).to_contain_text("Saved")
    eventually(lambda: (page.reload(), page.locator("#field-body").input_value() == body)[1])
    page.get_by_label("Summary").fill("What a lantern does in fog.")
    page.get_by_label("Tags", exact=True).fill("fog, light")
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.locator(".state-published").first).to_be_visible()
    address = page.get_by_role("link", name="view on the site").get_attribute("href")
    assert address is not None
    return site.url + address.removeprefix(site.url)


def read_as_visitor(browser: Browser, site: Site, address: str) -> None:
    """A visitor without JavaScript sees the text, and a picture that is upright and not the original."""
    with browser.new_context(java_script_enabled=False, user_agent=READER) as context:
        page = context.new_page()
        assert (found := page.goto(site.url)) is not None
        assert found.status == 200
        page.get_by_role("link", name=TITLE).first.click()
        expect(page).to_have_url(address)
        expect(page.get_by_role("heading", name=TITLE, level=1)).to_be_visible()
        expect(page.locator("strong", has_text="fog")).to_be_visible()
        picture = page.locator("picture img")
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("complete", value=True)
        drawn = picture.evaluate("img => [img.currentSrc, img.naturalWidth, img.naturalHeight]")
        assert re.search(r"/media/\w+/\d+\.avif", drawn[0])
        assert drawn[2] > drawn[1] > 0
        formats = page.locator("picture source").evaluate_all("all => all.map(each => each.type)")
        assert "image/avif" in formats


def find_in_machines(site: Site, address: str) -> None:
    """The feed carries the whole post, the sitemap its address, and a second asking costs no body."""
    entry = ET.fromstring(httpx.get(f"{site.url}/feed.xml").content).find(f"{ATOM}entry")
    assert entry is not None
    assert entry.findtext(f"{ATOM}title") == TITLE
    picture = re.search(r'<img src="([^"]+)"', entry.findtext(f"{ATOM}content") or "")
    assert picture is not None
    assert httpx.get(picture[1]).headers["content-type"] == "image/jpeg"
    places = ET.fromstring(httpx.get(f"{site.url}/sitemap.xml").content).iter(f"{SITEMAP}loc")
    assert address in {place.text for place in places}
    first = httpx.get(address)
    again = httpx.get(address, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def find_page_views(page: Page, site: Site, address: str) -> None:
    """The visitor's view shows in the dashboard, having travelled to the worker and back."""
    path = address.removeprefix(site.url)

    def shown() -> bool:
        page.goto(f"{site.url}/author/statistics")
        return page.get_by_role("rowheader", name=path).count() > 0

    eventually(shown, within_s=30)
    page.goto(f"{site.url}/author")
    views = page.locator("dt", has_text="Page views today").locator("xpath=following-sibling::dd[1]").inner_text()
    assert int(re.sub(r"\D", "", views.splitlines()[0])) >= 1


def find_cron_run(page: Page, site: Site) -> None:
    """The minute's cron tick reached web's hook by itself, and its run is on the page."""

    def recorded() -> bool:
        page.goto(f"{site.url}/author/jobs")
        row = page.locator("tr", has_text="cron.publish_due").first
        return "published" in row.inner_html() and row.locator(".state-ok").count() == 1

    eventually(recorded, within_s=75)


def restore(site: Site, folder: Path) -> None:
    """Both databases come back out of the object store, with the post inside."""
    done = site.sdc("restore", "--into", str(folder))
    assert done.returncode == 0, done.stderr
    with sqlite3.connect(f"file:{folder / 'site.db'}?mode=ro", uri=True) as restored:
        titles = restored.execute(
            "SELECT title FROM revisions JOIN posts ON posts.revision_id = revisions.id"
        ).fetchall()
    restored.close()
    assert titles == [(TITLE,)]
    assert (folder / "worker.db").exists()


def mirror(page: Page, site: Site, remote: Remote) -> None:
    """The mirror takes originals, variants and replicas to the second endpoint; the drill restores from there."""
    for job in ("mirror.daily", "drill.restore"):
        page.goto(f"{site.url}/author/jobs")
        page.locator("tr", has_text=job).first.get_by_role("button", name="Run now").click()

        def well(job: str = job) -> bool:
            page.goto(f"{site.url}/author/jobs")
            row = page.locator("tr", has_text=job).first
            assert row.locator(".state-failed").count() == 0, row.inner_text()
            return row.locator(".state-ok").count() == 1 and "never" not in row.inner_text()

        eventually(well, within_s=60)
    kept = run_apart(keys(remote))
    assert any(key.startswith("current/media/originals/") for key in kept)
    # AVIF and JPEG at four widths at least.
    assert sum(key.startswith("current/media/variants/") for key in kept) >= 8
    assert any(key.startswith("current/backups/litestream/site/") for key in kept)


async def keys(remote: Remote) -> list[str]:
    """Every key at the second endpoint."""
    async with open_store(remote.endpoint) as store:
        return [found.key async for found in store.list(remote.bucket)]


def eventually(holds: Callable[[], bool], within_s: int = 20) -> None:
    """Look until it holds, twice a second; what another process does tells nobody when it is done."""
    give_up_us = clock.monotonic_us() + within_s * clock.SECOND_US
    while not holds():
        assert clock.monotonic_us() < give_up_us, f"not within {within_s} s"
        threading.Event().wait(0.5)
