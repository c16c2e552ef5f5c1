"""Jobs that are late though nothing failed: people are told, once, and that it works again."""

import msgspec
import pytest
from pydantic import SecretStr
from sdc_core import clock
from sdc_core.answers.jobs import Alert
from sdc_core.errors import Unavailable
from sdc_core.settings import Settings
from sdc_core.sqlite import Database, fetch_value
from sdc_worker.alerts import mail
from sdc_worker.alerts import store as alerts
from sdc_worker.cron import watch
from sdc_worker.cron.jobs import Job

from cron_work import MINUTE_US, NOON_US, Make, Work, ended, running, tick
from mail_server import mail_server, mailing


async def look(database: Database, job: Job, minutes: float) -> list[Alert]:
    """What people were told by then, oldest first, after one more look."""
    with clock.frozen(NOON_US + int(minutes * MINUTE_US)):
        await watch.tell(database, [job])
    async with database.read() as connection:
        return (await alerts.latest(connection, limit=100))[::-1]


async def test_a_job_that_nobody_comes_round_to_is_told_of_once_in_most_of_a_day(
    make: Make, job: Job, database: Database, settings: Settings
) -> None:
    await tick(make(job), NOON_US)
    told = [[each.kind for each in await look(database, job, minutes)] for minutes in (1, 2.5, 4, 600, 1_500)]
    assert told == [[], ["late"], ["late"], ["late"], ["late", "late"]]
    async with mail_server() as box:
        with clock.frozen(NOON_US + 3 * MINUTE_US):
            await mail.send_due(database, mailing(settings, box))
    assert box.mails[0]["subject"] == "test is late (fog.example)"
    assert "no run of it has begun; it last went well never" in bytes(box.mails[0].get_payload(decode=True)).decode()


async def test_a_run_that_does_not_end_is_told_of_and_so_is_that_it_works_again(
    make: Make, job: Job, work: Work, database: Database
) -> None:
    await tick(make(job), NOON_US)
    work.go_on.clear()
    with clock.frozen(NOON_US + MINUTE_US):
        async with running(make(job)):
            await work.began.wait()
            held = await look(database, job, 4)
            work.go_on.set()
            await ended(database, 1)
    after = await look(database, job, 2)
    assert [each.kind for each in held] == ["late"]
    assert sorted(each.kind for each in after) == ["late", "recovered"]


async def test_a_job_that_fails_is_told_of_as_that_alone(make: Make, job: Job, work: Work, database: Database) -> None:
    await tick(make(job), NOON_US)
    work.outcomes = [Unavailable("away")]
    with clock.frozen(NOON_US + MINUTE_US):
        async with running(make(job)):
            await ended(database, 1)
    assert [each.kind for each in await look(database, job, 30)] == ["failed"]


async def test_a_failure_soon_after_it_worked_again_is_told_of_once_it_has_lasted_an_hour(
    make: Make, job: Job, work: Work, database: Database
) -> None:
    job = msgspec.structs.replace(job, cron="0 0 1 1 *")
    work.outcomes = [Unavailable("away"), "done", Unavailable("gone")]
    for minute in (1, 2, 3):
        with clock.frozen(NOON_US + minute * MINUTE_US):
            made = make(job)
            async with running(made):
                await made.run_now("test", f"msg_{minute}")
                await ended(database, minute)
    told = [[each.kind for each in await look(database, job, minutes)] for minutes in (4, 62, 63, 64, 600, 1_300)]
    once, again = ["failed", "recovered"], ["failed", "recovered", "failed"]
    assert told == [once, once, again, again, again, [*again, "failed"]]


async def test_a_paused_job_is_told_of_no_more(make: Make, job: Job, work: Work, database: Database) -> None:
    work.outcomes = [Unavailable("away")]
    job = msgspec.structs.replace(job, cron="0 0 1 1 *")
    with clock.frozen(NOON_US):
        made = make(job)
        async with running(made):
            await made.run_now("test", "msg_1")
            await ended(database, 1)
            await made.pause("test", "msg_pause", paused=True)
    assert [each.kind for each in await look(database, job, 2_000)] == ["failed"]


async def test_a_paused_job_is_never_late(make: Make, job: Job, database: Database) -> None:
    made = make(job)
    await tick(made, NOON_US)
    with clock.frozen(NOON_US):
        await made.pause("test", "msg_pause", paused=True)
    assert await look(database, job, 600) == []


async def test_web_hears_of_a_late_job_as_of_a_failed_one(make: Make, job: Job, database: Database) -> None:
    await tick(make(job), NOON_US)
    await look(database, job, 3)
    async with database.read() as connection:
        body = await fetch_value(connection, "SELECT body FROM deliveries WHERE type = 'job.failed'")
    assert isinstance(body, bytes)
    assert b'"outcome":"late"' in body


async def test_a_test_mail_is_sent_at_once_and_leaves_no_alert(settings: Settings, database: Database) -> None:
    async with mail_server() as box:
        took = await mail.try_out(database, mailing(settings, box), "msg_1")
        box.answer = "554 no"
        refused = await mail.try_out(database, mailing(settings, box), "msg_2")
    assert (took, box.mails[0]["subject"]) == ("", "A test of alerts (fog.example)")
    assert refused == "the mail server answered 554 no"
    assert await mail.try_out(database, settings, "msg_3") == mail.UNSET
    async with database.read() as connection:
        assert await alerts.latest(connection, limit=1) == []


@pytest.mark.parametrize("address", ["10.255.255.1", "127.0.0.1"])
async def test_a_mail_server_that_is_away_is_told_in_words_while_a_person_waits(
    settings: Settings, database: Database, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "TRY_S", 0.3)
    server = {"SMTP_URL": SecretStr(f"smtp://{address}:9"), "ALERT_MAIL_TO": "ada@example.org"}
    assert (await mail.try_out(database, settings.model_copy(update=server), "msg_1")).startswith("the mail server ")
