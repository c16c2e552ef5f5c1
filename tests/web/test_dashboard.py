import asyncio
import re

import httpx
import pytest
from sdc_core import clock, sqlite
from sdc_core.answers.jobs import Outcome, Run
from sdc_core.settings import Settings
from sdc_web import posts
from sdc_web.db import Databases
from sdc_web.posts import Draft
from sdc_worker import app as worker_app
from sdc_worker.cron import store

from log_lines import CHROME, FIREFOX
from signing_in import BROWSER, HTMX, OWNER, come_in, seen, send

LIMIT_S = 60.0


@pytest.fixture
def settings(settings_with_worker: Settings) -> Settings:
    return settings_with_worker


@pytest.fixture
async def signed_in(worker: worker_app.Parts, client: httpx.AsyncClient, databases: Databases) -> httpx.AsyncClient:
    """A browser of a signed-in author."""
    await come_in(client, databases)
    return client


async def test_every_job_is_listed(signed_in: httpx.AsyncClient) -> None:
    answer = await signed_in.get("/author/jobs", headers=BROWSER)
    for name in ("cron.publish_due", "mirror.daily", "drill.restore"):
        assert f"jobs-job-{name}" in answer.text


async def test_a_job_is_started_by_a_button_and_by_htmx(signed_in: httpx.AsyncClient) -> None:
    by_form = await send(signed_in, "/author/jobs/cron.expire/runs", {})
    by_htmx = await send(signed_in, "/author/jobs/cron.logs/runs", {}, htmx=True)
    assert (by_form.status_code, by_form.headers["location"]) == (303, "/author/jobs?said=started")
    assert by_htmx.status_code == 200
    assert by_htmx.text.lstrip().startswith('<tr id="jobs-job-cron.logs"')


async def test_a_job_tells_its_schedule_in_words(signed_in: httpx.AsyncClient) -> None:
    answer = await signed_in.get("/author/jobs", headers=BROWSER)
    assert "At 02:30 every day, UTC" in answer.text


async def test_a_job_is_paused_by_a_button_and_resumed_by_htmx(signed_in: httpx.AsyncClient) -> None:
    paused = await send(signed_in, "/author/jobs/cron.expire/pause?_method=PUT", {})
    page = await signed_in.get("/author/jobs", headers=BROWSER)
    resumed = await send(signed_in, "/author/jobs/cron.expire/pause?_method=DELETE", {}, htmx=True)
    assert (paused.status_code, paused.headers["location"]) == (303, "/author/jobs")
    assert 'action="/author/jobs/cron.expire/pause?_method=DELETE"' in page.text
    assert 'action="/author/jobs/cron.expire/pause?_method=PUT"' in resumed.text
    assert resumed.text.lstrip().startswith('<tr id="jobs-job-cron.expire"')


async def refused_mirror(worker: worker_app.Parts, job: str = "mirror.daily") -> str:
    """A mirror that stopped to ask, as its newest run."""
    run = Run(
        id="run_asked", job=job, trigger="schedule", attempt=1, due_us=clock.now_us(),
        started_us=clock.now_us(), ended_us=None, outcome="running", output="",
    )  # fmt: skip
    async with worker.database.transaction() as connection:
        await store.insert_run(connection, run)
        await store.end_run(
            connection, run.id, outcome="failed", output="5 of 9 would go", now_us=clock.now_us(), confirmable=True
        )
    return run.id


async def test_a_mirror_that_stopped_to_ask_is_confirmed_by_a_button_once(
    signed_in: httpx.AsyncClient, worker: worker_app.Parts
) -> None:
    run_id = await refused_mirror(worker)
    asking = await signed_in.get("/author/backups", headers=BROWSER)
    answers = [await send(signed_in, "/author/backups/confirmations", {"run_id": run_id}) for _ in "ab"]
    after = await signed_in.get("/author/backups", headers=BROWSER)
    async with worker.database.read() as connection:
        newest = await store.last_run(connection, "mirror.daily")
        runs = await store.latest_runs(connection, limit=9)
    assert "The mirror stopped and asks you." in asking.text
    assert "5 of 9 would go" in asking.text
    assert [answer.status_code for answer in answers] == [303, 303]
    assert newest is not None
    assert (newest.confirms, len(runs)) == (run_id, 2)
    assert "asks you" not in after.text


async def test_a_month_that_stopped_to_ask_is_confirmed_the_same_way(
    signed_in: httpx.AsyncClient, worker: worker_app.Parts
) -> None:
    run_id = await refused_mirror(worker, "mirror.monthly")
    asking = await signed_in.get("/author/backups", headers=BROWSER)
    form = {"run_id": run_id, "job": "mirror.monthly"}
    answer = await send(signed_in, "/author/backups/confirmations", form)
    other = await send(signed_in, "/author/backups/confirmations", {**form, "job": "drill.restore"})
    async with worker.database.read() as connection:
        newest = await store.last_run(connection, "mirror.monthly")
    assert '<input type="hidden" name="job" value="mirror.monthly">' in asking.text
    assert (answer.status_code, other.status_code) == (303, 400)
    assert newest is not None
    assert newest.confirms == run_id


async def test_a_failed_mirror_tells_when_it_last_went_well(
    signed_in: httpx.AsyncClient, worker: worker_app.Parts
) -> None:
    good = Run(
        id="run_good", job="mirror.daily", trigger="schedule", attempt=1, due_us=1, started_us=1,
        ended_us=clock.now_us() - 3 * clock.DAY_US, outcome="ok", output="",
    )  # fmt: skip
    async with worker.database.transaction() as connection:
        await store.insert_run(connection, good)
    await refused_mirror(worker)
    page = (await signed_in.get("/author/backups", headers=BROWSER)).text
    card = page.partition('id="backup-card-mirror"')[2].partition("</section>")[0]
    assert '<p class="card-figure">never' not in card
    assert "card-figure" in card


async def crowd(worker: worker_app.Parts) -> None:
    """Sixty minutes of a job that runs every minute, later than whatever else ran."""
    for number in range(60):
        run = Run(
            id=f"run_{number}", job="cron.publish_due", trigger="manual", attempt=1,
            due_us=clock.now_us() + number * clock.SECOND_US, started_us=1, ended_us=2, outcome="ok", output="",
        )  # fmt: skip
        async with worker.database.transaction() as connection:
            await store.insert_run(connection, run)


async def test_the_runs_of_the_backups_are_not_crowded_out_by_other_jobs(
    signed_in: httpx.AsyncClient, worker: worker_app.Parts
) -> None:
    run_id = await refused_mirror(worker)
    await crowd(worker)
    answer = await signed_in.get("/author/backups", headers=BROWSER)
    assert f'id="jobs-run-{run_id}"' in answer.text
    assert "cron.publish_due" not in answer.text


async def test_a_job_has_a_page_with_its_own_runs(signed_in: httpx.AsyncClient, worker: worker_app.Parts) -> None:
    run_id = await refused_mirror(worker)
    await crowd(worker)
    page = await signed_in.get("/author/jobs/mirror.daily", headers=BROWSER)
    assert 'id="jobs-job-mirror.daily"' in page.text
    assert f'id="jobs-run-{run_id}"' in page.text
    assert 'id="jobs-run-run_1"' not in page.text


async def test_the_row_of_a_job_that_htmx_asks_for_is_no_page(signed_in: httpx.AsyncClient) -> None:
    row = await signed_in.get("/author/jobs/mirror.daily", headers=HTMX)
    assert row.text.lstrip().startswith('<tr id="jobs-job-mirror.daily"')


async def test_the_name_of_a_job_is_one_piece_of_an_address(signed_in: httpx.AsyncClient) -> None:
    names = ("..%2Fjobs%2Fcron.expire", "cron.expire%2Fruns%3Flimit=1%23", "cron.expire%3Fa=1")
    answers = [await send(signed_in, f"/author/jobs/{name}/runs", {}) for name in names]
    assert {answer.status_code for answer in answers} == {404}


async def test_a_mirror_that_asked_nothing_cannot_be_confirmed(signed_in: httpx.AsyncClient) -> None:
    answer = await send(signed_in, "/author/backups/confirmations", {"run_id": "run_none"})
    malformed = await send(signed_in, "/author/backups/confirmations", {"run_id": "run one\n"})
    assert (answer.status_code, malformed.status_code) == (409, 400)


async def test_a_job_that_is_not_there_is_not_found(signed_in: httpx.AsyncClient) -> None:
    assert (await send(signed_in, "/author/jobs/nothing/runs", {})).status_code == 404
    assert (await send(signed_in, "/author/jobs/nothing/pause?_method=PUT", {})).status_code == 404
    assert (await signed_in.get("/author/jobs/nothing", headers=HTMX)).status_code == 404


async def test_the_backups_page_tells_what_is_missing(signed_in: httpx.AsyncClient) -> None:
    answer = await signed_in.get("/author/backups", headers=BROWSER)
    assert answer.status_code == 200
    assert "All copies are on this machine" in answer.text


async def test_a_drill_is_started_by_a_button(signed_in: httpx.AsyncClient) -> None:
    answer = await send(signed_in, "/author/backups/drills", {})
    assert (answer.status_code, answer.headers["location"]) == (303, "/author/backups?said=started")


async def test_a_rehearsal_is_started_by_a_button(signed_in: httpx.AsyncClient, worker: worker_app.Parts) -> None:
    answer = await send(signed_in, "/author/backups/rehearsals", {})
    async with worker.database.read() as connection:
        started = await store.last_run(connection, "drill.rehearsal")
    assert (answer.status_code, answer.headers["location"]) == (303, "/author/backups?said=started")
    assert started is not None


async def test_the_last_drills_are_shown_with_how_many_were_good(
    signed_in: httpx.AsyncClient, worker: worker_app.Parts
) -> None:
    outcomes: tuple[Outcome, ...] = ("ok", "failed", "ok")
    for number, outcome in enumerate(outcomes):
        run = Run(
            id=f"run_{number}", job="drill.restore", trigger="schedule", attempt=1, due_us=clock.now_us() + number,
            started_us=1, ended_us=2, outcome=outcome, output="",
        )  # fmt: skip
        async with worker.database.transaction() as connection:
            await store.insert_run(connection, run)
    pages = [(await signed_in.get(path, headers=BROWSER)).text for path in ("/author", "/author/backups")]
    marks = '<span class="state-ok"></span><span class="state-failed"></span><span class="state-ok"></span>'
    assert [marks in page for page in pages] == [True, True]
    assert ["The last 3, 2 of them good." in page for page in pages] == [True, True]


async def test_the_backups_page_asks_again_while_a_drill_runs(
    signed_in: httpx.AsyncClient, worker: worker_app.Parts
) -> None:
    run = Run(
        id="run_drill", job="drill.restore", trigger="manual", attempt=1, due_us=clock.now_us(),
        started_us=clock.now_us(), ended_us=None, outcome="running", output="",
    )  # fmt: skip
    async with worker.database.transaction() as connection:
        await store.insert_run(connection, run)
    running = await signed_in.get("/author/backups", headers=BROWSER)
    async with worker.database.transaction() as connection:
        await store.end_run(connection, run.id, outcome="ok", output="all is well", now_us=clock.now_us())
    ended = await signed_in.get("/author/backups", headers=BROWSER)
    assert 'hx-trigger="every 3s"' in running.text
    assert 'hx-trigger="every 3s"' not in ended.text
    assert "All is well. Took" in ended.text


async def write(databases: Databases, title: str) -> str:
    """The id of a draft."""
    post = await posts.create(databases.site, OWNER, "post")
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title=title, body="Three words here."), 1)
    return post.id


async def fail(worker: worker_app.Parts, job: str) -> None:
    """The newest run of that job failed."""
    run = Run(
        id="run_failed", job=job, trigger="schedule", attempt=1, due_us=clock.now_us(),
        started_us=clock.now_us(), ended_us=None, outcome="running", output="",
    )  # fmt: skip
    async with worker.database.transaction() as connection:
        await store.insert_run(connection, run)
        await store.end_run(connection, run.id, outcome="failed", output="no disk", now_us=clock.now_us())


async def test_what_needs_a_look_comes_before_everything_else(
    signed_in: httpx.AsyncClient, worker: worker_app.Parts
) -> None:
    await fail(worker, "cron.expire")
    page = (await signed_in.get("/author", headers=BROWSER)).text
    at = page.index('href="/author/jobs/cron.expire"')
    assert '<span class="state state-failed">failed</span>' in page[:at]
    assert at < page.index('id="home-writing"') < page.index('id="home-readers"') < page.index('id="home-keeping"')
    assert "All is well" not in page


async def test_what_is_going_on_and_what_goes_out_next(signed_in: httpx.AsyncClient, databases: Databases) -> None:
    draft, later, published, changed = [await write(databases, each) for each in ("Begun", "Later", "Out", "Again")]
    await posts.publish(databases.site, OWNER, later, clock.now_us() + clock.DAY_US)
    for each in (published, changed):
        await posts.publish(databases.site, OWNER, each)
    await posts.revisions.save(databases.site, OWNER, changed, Draft(title="Again"), 2)
    page = (await signed_in.get("/author", headers=BROWSER)).text
    writing = page[page.index('id="home-writing"') : page.index('id="home-readers"')]
    order = [writing.index(f"/author/posts/{each}") for each in (later, changed, draft)]
    assert order == sorted(order)
    assert "3 words" in writing
    assert published not in writing


async def test_what_was_missed_hides_nothing_that_is_coming(signed_in: httpx.AsyncClient, databases: Databases) -> None:
    missed = [await write(databases, f"Missed {number}") for number in range(7)]
    later = await write(databases, "Later")
    await posts.publish(databases.site, OWNER, later, clock.now_us() + clock.DAY_US)
    async with databases.site.transaction() as connection:
        for each in missed:
            await connection.execute("UPDATE posts SET schedule_failure = 'no title' WHERE id = ?", (each,))
    page = (await signed_in.get("/author", headers=BROWSER)).text
    writing = page[page.index('id="home-writing"') : page.index('id="home-readers"')]
    assert f'href="/author/posts/{later}"' in writing
    assert page.count(": no title</a>") == 5
    assert "2 more texts that did not go out" in page


async def test_the_home_page_tells_how_many_texts_are_in_each_state(
    signed_in: httpx.AsyncClient, databases: Databases
) -> None:
    for number in range(7):
        await write(databases, f"Begun {number}")
    page = (await signed_in.get("/author", headers=BROWSER)).text
    assert re.search(r'href="/author/posts\?state=draft">.*?<span class="count">7</span>', page)
    assert "and 2 more</a>" in page
    assert "state=published" not in page


async def test_texts_that_are_read_have_their_days_and_what_is_not_there_is_named(
    signed_in: httpx.AsyncClient, databases: Databases, worker: worker_app.Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sdc_worker.analytics.hits.RENEW_S", 0.05)
    await posts.publish(databases.site, OWNER, await write(databases, "Fog & rain"))
    for path in ("/posts/fog-rain", "/posts/fog-rain", "/posts/<gone>"):
        await signed_in.get(path, headers={"User-Agent": FIREFOX})
    await signed_in.get("/wp-login.php", headers={"User-Agent": CHROME})
    async with asyncio.TaskGroup() as group:
        renewing = group.create_task(worker.hits.renewing())
        # One page asks the worker several questions, between which more may have come.
        await seen(signed_in, 'aria-label="2 page views from', "/author")
        page = await seen(signed_in, "/posts/&lt;gone&gt;", "/author")
        renewing.cancel()
    assert "Fog &amp; rain</a>" in page
    assert "wp-login" not in page
    redirect = await signed_in.get("/author/redirects?path=/posts/%3Cgone%3E", headers=BROWSER)
    assert 'value="/posts/&lt;gone&gt;"' in redirect.text


async def test_what_the_site_keeps_and_runs_on_is_told(signed_in: httpx.AsyncClient) -> None:
    kept = await keeping(signed_in)
    for told in ("site.db", "ttl.db", "worker.db", "0 originals", sqlite.VERSION):
        assert told in kept


async def test_the_copies_and_the_last_drill_stand_on_the_home_page_as_they_are(
    signed_in: httpx.AsyncClient, worker: worker_app.Parts
) -> None:
    assert verdicts(await keeping(signed_in)) == {
        "replica": ("failed", "stopped"),
        "mirror": ("warning", "no remote bucket"),
        "drill": ("unknown", "never run"),
        "rehearsal": ("unknown", "never run"),
    }
    await ended_drill(worker, "ok", "12 tables are alike")
    kept = await keeping(signed_in)
    assert verdicts(kept)["drill"] == ("ok", "in time")
    assert "12 tables are alike." in kept
    await ended_drill(worker, "failed", "posts has 3 rows here and 2 there")
    kept = await keeping(signed_in)
    assert verdicts(kept)["drill"] == ("failed", "failed")
    assert "Posts has 3 rows here and 2 there." in kept
    assert "The last 2, 1 of them good." in kept


async def ended_drill(worker: worker_app.Parts, outcome: Outcome, output: str) -> None:
    """A drill that ended so, just now."""
    run = Run(
        id=clock.new_id(), job="drill.restore", trigger="schedule", attempt=1, due_us=clock.now_us(),
        started_us=clock.now_us(), ended_us=None, outcome="running", output="",
    )  # fmt: skip
    async with worker.database.transaction() as connection:
        await store.insert_run(connection, run)
        await store.end_run(connection, run.id, outcome=outcome, output=output, now_us=clock.now_us())


async def keeping(signed_in: httpx.AsyncClient) -> str:
    """That part of the home page."""
    page = (await signed_in.get("/author", headers=BROWSER)).text
    assert "The worker does not answer" not in page
    return page[page.index('id="home-keeping"') :]


def verdicts(kept: str) -> dict[str, tuple[str, str]]:
    """The state of each card and its words, by its id."""
    found = re.findall(r'id="backup-title-(\w+)".*?class="state state-(\w+)">([^<]+)<', kept, re.DOTALL)
    return {name: (state, words) for name, state, words in found}
