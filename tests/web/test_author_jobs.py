"""The pages of cron jobs: how they fare, when they come, what they did, and what an owner does with them."""

import re

import httpx
import pytest
from sdc_core import clock
from sdc_core.answers.jobs import Run
from sdc_core.settings import Settings
from sdc_web.db import Databases
from sdc_worker import app as worker_app
from sdc_worker.alerts import store as alerts
from sdc_worker.cron import store

from mail_server import mail_server, mailing
from signing_in import BROWSER, come_in, send


@pytest.fixture
def settings(settings_with_worker: Settings) -> Settings:
    return settings_with_worker


@pytest.fixture
async def signed_in(worker: worker_app.Parts, client: httpx.AsyncClient, databases: Databases) -> httpx.AsyncClient:
    """A browser of a signed-in author."""
    await come_in(client, databases)
    return client


async def crowd(worker: worker_app.Parts) -> None:
    """Sixty minutes of a job that runs every minute, later than whatever else ran."""
    async with worker.database.transaction() as connection:
        for number in range(60):
            run = Run(
                id=f"run_{number}", job="cron.publish_due", trigger="manual", attempt=1,
                due_us=clock.now_us() + number * clock.SECOND_US, started_us=1, ended_us=2, outcome="ok", output="",
            )  # fmt: skip
            await store.insert_run(connection, run)


async def wrong(worker: worker_app.Parts) -> str:
    """A mirror that failed."""
    run = Run(
        id="run_wrong", job="mirror.daily", trigger="schedule", attempt=1, due_us=clock.now_us(), started_us=1,
        ended_us=2, outcome="failed", output="the remote is away",
    )  # fmt: skip
    async with worker.database.transaction() as connection:
        await store.insert_run(connection, run)
    return run.id


async def test_what_owners_do_with_jobs_stands_in_the_audit_log(signed_in: httpx.AsyncClient) -> None:
    await send(signed_in, "/author/jobs/cron.expire/pause?_method=PUT", {})
    await send(signed_in, "/author/jobs/cron.expire/pause?_method=DELETE", {})
    await send(signed_in, "/author/jobs/cron.expire/runs", {})
    await send(signed_in, "/author/jobs/nothing/runs", {})
    page = (await signed_in.get("/author/audit?kind=job", headers=BROWSER)).text
    order = [page.index(words) for words in ("ran the job", "resumed the job", "paused the job")]
    assert order == sorted(order)
    assert 'href="/author/jobs/cron.expire"' in page
    assert "nothing" not in page[page.index("audit-entries-all") :]


async def test_the_page_of_a_job_tells_when_it_comes_next_in_its_zone_and_in_words(
    signed_in: httpx.AsyncClient,
) -> None:
    page = (await signed_in.get("/author/jobs/mirror.daily", headers=BROWSER)).text
    assert page.count("<li><time datetime") == 5
    assert "At 02:30 every day, UTC" in page
    assert ">30 2 * * *</code>" in page


async def test_the_runs_of_a_job_are_read_page_by_page_to_the_oldest(
    signed_in: httpx.AsyncClient, worker: worker_app.Parts
) -> None:
    await crowd(worker)
    page = (await signed_in.get("/author/jobs/cron.publish_due", headers=BROWSER)).text
    older = re.search(r'href="(/author/jobs/cron.publish_due\?before=[^"]+)"', page)
    assert older is not None
    rest = (await signed_in.get(older[1], headers=BROWSER)).text
    assert (page.count('id="jobs-run-run_'), rest.count('id="jobs-run-run_')) == (50, 10)
    assert "?before=" not in rest
    nobody_s = await signed_in.get("/author/jobs/cron.publish_due?before='--", headers=BROWSER)
    assert (nobody_s.status_code, 'id="jobs-run-run_' in nobody_s.text) == (200, False)


async def test_what_a_hook_did_in_numbers_is_told_in_words(
    signed_in: httpx.AsyncClient, worker: worker_app.Parts
) -> None:
    run = Run(
        id="run_1", job="cron.logs", trigger="schedule", attempt=1, due_us=1, started_us=1, ended_us=2, outcome="ok",
        output='{"deleted":1204,"kept_unshipped":0}',
    )  # fmt: skip
    async with worker.database.transaction() as connection:
        await store.insert_run(connection, run)
    for path in ("/author/jobs", "/author/jobs/cron.logs"):
        assert "1,204 deleted, 0 kept unshipped" in (await signed_in.get(path, headers=BROWSER)).text


async def test_the_list_of_jobs_shows_what_went_wrong_and_not_what_ran(
    signed_in: httpx.AsyncClient, worker: worker_app.Parts
) -> None:
    assert "Nothing did" in (await signed_in.get("/author/jobs", headers=BROWSER)).text
    run_id = await wrong(worker)
    await crowd(worker)
    page = (await signed_in.get("/author/jobs", headers=BROWSER)).text
    assert f'id="jobs-run-{run_id}"' in page
    assert 'id="jobs-run-run_1"' not in page


async def badge(client: httpx.AsyncClient, page: str = "/author/jobs") -> str:
    """The address of the badge that a page tells."""
    found = re.search(r'href="(/badges/[^"]+)"', (await client.get(page, headers=BROWSER)).text)
    assert found is not None
    return found[1]


async def test_a_badge_tells_strangers_who_know_its_address_how_the_jobs_fare(
    signed_in: httpx.AsyncClient, worker: worker_app.Parts
) -> None:
    whole, one = await badge(signed_in), await badge(signed_in, "/author/jobs/mirror.daily")
    signed_in.cookies.clear()
    well = await signed_in.get(whole)
    await wrong(worker)
    ill, failed = (await signed_in.get(whole)).text, (await signed_in.get(one)).text
    assert (well.headers["content-type"], well.headers["cache-control"]) == ("image/svg+xml", "no-cache, private")
    assert "<title>jobs: all well</title>" in well.text
    assert re.search(r"<title>jobs: 1 of \d+ need a look</title>", ill)
    assert "<title>mirror.daily: failed</title>" in failed


async def test_a_badge_cannot_be_guessed_and_other_names_have_none(signed_in: httpx.AsyncClient) -> None:
    right = await badge(signed_in)
    key = right.split("/")[2]
    for path in (
        f"/badges/{key[:-1]}/jobs.svg",
        "/badges/x/jobs.svg",
        f"/badges/{key}/nothing.svg",
        "/badges/%C3%A9/jobs.svg",
    ):
        assert (await signed_in.get(path)).status_code == 404


async def test_what_people_were_told_is_listed_with_what_came_of_it(
    signed_in: httpx.AsyncClient, worker: worker_app.Parts
) -> None:
    run_id = await wrong(worker)
    async with worker.database.transaction() as connection:
        run = await store.run(connection, run_id)
        assert run is not None
        await alerts.insert(connection, run, "failed", "failed_1", now_us=clock.now_us())
    waiting = (await signed_in.get("/author/jobs", headers=BROWSER)).text
    async with worker.database.transaction() as connection:
        await alerts.settle(connection, "failed_1", next_us=None, sent_us=None, error="no <mail> server")
    settled = (await signed_in.get("/author/jobs", headers=BROWSER)).text
    assert "no &lt;mail&gt; server" in settled
    assert ("to be mailed" in waiting, "to be mailed" in settled) == (True, False)


async def test_a_test_mail_that_cannot_be_sent_says_why(signed_in: httpx.AsyncClient) -> None:
    page = await send(signed_in, "/author/alerts/tests", {})
    assert page.status_code == 503
    assert "No mail was sent: no mail server is set (SDC_SMTP_URL, SDC_ALERT_MAIL_TO)" in page.text


async def test_a_test_mail_is_sent_by_a_button(
    signed_in: httpx.AsyncClient, worker: worker_app.Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with mail_server() as box:
        told = mailing(worker.settings, box)
        for name in ("SMTP_URL", "ALERT_MAIL_TO"):
            monkeypatch.setitem(worker.settings.__dict__, name, getattr(told, name))
        answer = await send(signed_in, "/author/alerts/tests", {})
    log = (await signed_in.get("/author/audit?kind=site", headers=BROWSER)).text
    assert (answer.status_code, answer.headers["location"]) == (303, "/author/jobs?said=mailed")
    assert len(box.mails) == 1
    assert "sent a test mail of" in log
