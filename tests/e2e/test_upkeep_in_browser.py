"""The author looks after the site: a job is paused, run and let go on; a drill that was run stands on the home page."""

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

import seats
from e2e_site import Site, soon
from seats import Seat

pytestmark = pytest.mark.timeout(180)
JOB = "cron.links"
DRILL_MS = 90_000


def press(seat: Seat, page: Page, name: str) -> None:
    """A button of the job; at a desk with scripts by keys alone, and the focus stays where it was."""
    button = page.get_by_role("button", name=re.compile(f"^{name} ?: {JOB}$"))
    if not seat.has_script:
        seat.go(button)
        return
    if seat.is_phone:
        with page.expect_response("**/author/jobs/**"):
            seat.press(button)
        return
    place = button.get_attribute("id")
    seats.reach(page, button)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=re.compile(f"^{name} ?: {JOB}$"))).to_have_count(
        1 if name == "Run now" else 0
    )
    expect(page.locator(f'[id="{place}"]')).to_be_focused()


def test_a_job_is_paused_run_by_hand_and_goes_on(site: Site, seat: Seat, author: httpx.Client) -> None:
    page = seat.open(f"{site.url}/author/jobs")
    row = page.locator(f'[id="jobs-job-{JOB}"]')
    press(seat, page, "Pause")
    expect(row).to_contain_text("not planned")
    expect(row.locator(".state-paused")).to_be_visible()
    assert "not while it is paused" in author.get(f"/author/jobs/{JOB}").text
    seat.look(page)
    before = author.get(f"/author/jobs/{JOB}").text.count('id="jobs-run-')
    press(seat, page, "Run now")
    seat.go(row.get_by_role("rowheader").get_by_role("link"))
    runs = page.locator("#jobs-runs-latest tbody tr")

    def is_over() -> bool:
        page.reload()
        return runs.count() == before + 1 and runs.first.locator(".state-ok").count() == 1

    soon(page, is_over)
    expect(runs.first).to_contain_text("manual")
    expect(page.get_by_text("not while it is paused")).to_be_visible()
    seat.look(page)
    press(seat, page, "Resume")
    page.goto(f"{site.url}/author/jobs/{JOB}")
    expect(page.locator(".job-upcoming li")).to_have_count(5)
    entries = author.get("/author/audit").text
    assert entries.index("resumed") < entries.index("paused")


@pytest.mark.parametrize("seat", ["desk", "plain phone"], indirect=True)
def test_a_drill_that_was_run_stands_on_the_home_page(site: Site, seat: Seat) -> None:
    page = seat.open(f"{site.url}/author/backups")
    drills = page.locator("#jobs-runs-latest tbody tr").filter(has_text="drill.restore")
    before = drills.count()
    seat.go(page.get_by_role("button", name="Run a restore drill now"))
    expect(page.locator(".flash-ok")).to_be_visible()

    def is_over() -> bool:
        if not seat.has_script:
            page.reload()
        return drills.count() == before + 1 and drills.locator(".state-running").count() == 0

    soon(page, is_over, DRILL_MS)
    expect(drills.first.locator(".state-ok")).to_be_visible()
    seat.look(page)
    page.goto(f"{site.url}/author")
    card = page.locator("#backup-card-drill")
    expect(card.locator(".card-title .state-ok")).to_have_text("in time")
    expect(card.locator(".card-figure")).to_have_text(re.compile("second|just now|minute"))
    expect(page.locator("#backup-card-replica .card-title .state-ok")).to_have_text("in step")
    expect(page.locator("#backup-card-mirror .card-title .state")).to_have_text("no remote bucket")
    seat.look(page)
    seat.press(page.get_by_role("link", name="Details"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Backups")
