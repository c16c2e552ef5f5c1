"""What people and monitors are told: by a real mail server, and by a real listener of pings."""

import asyncio
from collections.abc import AsyncGenerator

import httpx
import msgspec
import pytest
from pydantic import SecretStr
from sdc_core import clock
from sdc_core.answers.jobs import Alert
from sdc_core.errors import Unavailable
from sdc_core.settings import Settings
from sdc_core.sqlite import Database
from sdc_worker.alerts import mail, store
from sdc_worker.alerts.pings import MOST_WAITING, Pings, address
from sdc_worker.cron.jobs import Job, Skipped
from sdc_worker.cron.scheduler import Scheduler

from cron_work import MINUTE_US, NOON_US, Make, Work, ended, running
from mail_server import Mailbox, mail_server, mailing


async def fare(make: Make, job: Job, work: Work, database: Database, *outcomes: str | Exception | Skipped) -> None:
    """Runs of a job that are asked for, a minute apart, with these outcomes."""
    job = msgspec.structs.replace(job, cron="0 0 1 1 *")
    work.outcomes = list(outcomes)
    for number in range(1, len(outcomes) + 1):
        with clock.frozen(NOON_US + number * MINUTE_US):
            made = make(job)
            async with running(made):
                await made.run_now("test", f"msg_{number}")
                await ended(database, number)


async def send(database: Database, settings: Settings) -> int:
    """Within the hour."""
    with clock.frozen(NOON_US + 20 * MINUTE_US):
        return await mail.send_due(database, settings)


async def alerts(database: Database) -> list[Alert]:
    async with database.read() as connection:
        return (await store.latest(connection, limit=100))[::-1]


async def test_a_failure_and_its_end_are_each_mailed_once(
    make: Make, job: Job, work: Work, database: Database, settings: Settings
) -> None:
    await fare(make, job, work, database, "done", Unavailable("no disk"), Unavailable("no disk"), "done", "done")
    async with mail_server() as box:
        for _ in range(3):
            await send(database, mailing(settings, box))
    failed, recovered = box.mails
    assert (failed["subject"], recovered["subject"]) == ("test failed (fog.example)", "test works again (fog.example)")
    assert (failed["to"], failed["from"]) == ("ada@example.org", "ada@example.org")
    text = str(failed.get_payload())
    assert "    no disk" in text
    assert "https://fog.example/author/jobs/test" in text
    assert [each.error for each in await alerts(database)] == ["", ""]


async def test_a_job_that_comes_and_goes_is_told_of_once_in_most_of_a_day(
    make: Make, job: Job, work: Work, database: Database
) -> None:
    await fare(make, job, work, database, *[Unavailable("away"), "done"] * 4)
    assert [each.kind for each in await alerts(database)] == ["failed", "recovered"]


async def test_a_job_that_breaks_for_good_after_it_worked_again_is_told_of_again(
    make: Make, job: Job, work: Work, database: Database
) -> None:
    gone = [Unavailable("away")] * 6
    await fare(make, job, work, database, gone[0], "done", *gone, "done")
    assert [each.kind for each in await alerts(database)] == ["failed", "recovered", "failed", "recovered"]


async def test_a_job_that_fails_all_the_time_is_told_of_once_in_most_of_a_day(
    make: Make, job: Job, work: Work, database: Database
) -> None:
    for hour in range(46):
        work.outcomes = [Unavailable("away")]
        with clock.frozen(NOON_US + hour * 60 * MINUTE_US):
            made = make(msgspec.structs.replace(job, cron="0 0 1 1 *"))
            async with running(made):
                await made.run_now("test", f"msg_{hour}")
                await ended(database, hour + 1)
    told = [(each.kind, (each.created_us - NOON_US) // (60 * MINUTE_US)) for each in await alerts(database)]
    assert told == [("failed", 0), ("failed", 20), ("failed", 40)]


async def test_what_a_job_says_cannot_make_lines_of_the_head(
    make: Make, job: Job, work: Work, database: Database, settings: Settings
) -> None:
    await fare(
        make, job, work, database, Unavailable("x\r\nBcc: eve@example.org\r\n\r\n.\r\nRCPT TO:<eve@example.org>")
    )
    async with mail_server() as box:
        await send(database, mailing(settings, box))
    (mailed,) = box.mails
    assert mailed["bcc"] is None
    assert "    Bcc: eve@example.org" in str(mailed.get_payload())


async def test_name_and_password_are_said_and_a_wrong_one_is_told_in_words_without_it(
    make: Make, job: Job, work: Work, database: Database, settings: Settings
) -> None:
    await fare(make, job, work, database, Unavailable("away"))
    async with mail_server(sign_in=True) as box:
        wrong = mailing(settings, box, SMTP_URL=SecretStr(f"smtp://ada:hush@127.0.0.1:{box.port}"))
        await send(database, wrong)
        (told,) = await alerts(database)
        assert "name and password" in told.error
        assert "hush" not in told.error
        with clock.frozen((told.next_us or 0) + 1):
            await mail.send_due(database, mailing(settings, box, sign_in=True))
        assert len(box.mails) == 1


async def test_a_server_that_refuses_is_asked_again_after_growing_pauses_and_given_up_after_two_days(
    make: Make, job: Job, work: Work, database: Database, settings: Settings
) -> None:
    await fare(make, job, work, database, Unavailable("away"))
    pauses = []
    async with mail_server() as box:
        box.answer = "451 come later"
        for _ in range(100):
            (told,) = await alerts(database)
            if told.next_us is None:
                break
            with clock.frozen(told.next_us):
                await mail.send_due(database, mailing(settings, box))
                pauses.append(told.next_us - told.created_us)
    assert (told.next_us, told.sent_us, told.error) == (None, None, "the mail server answered 451 come later")
    assert pauses[1] < 80 * clock.SECOND_US
    assert mail.GIVEN_UP_US < pauses[-1] < mail.GIVEN_UP_US + 2 * 3_600 * clock.SECOND_US


async def test_a_server_that_is_not_there_is_told_in_words(
    make: Make, job: Job, work: Work, database: Database, settings: Settings
) -> None:
    await fare(make, job, work, database, Unavailable("away"))
    async with mail_server() as box:
        gone = mailing(settings, box)
    await send(database, gone)
    assert "cannot be reached" in (await alerts(database))[0].error


async def test_a_server_that_says_nothing_holds_nothing_up_for_ever(
    make: Make, job: Job, work: Work, database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "SEND_S", 0.2)
    await fare(make, job, work, database, Unavailable("away"))
    done = asyncio.Event()

    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await done.wait()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        box = Mailbox()
        box.port = server.sockets[0].getsockname()[1]
        async with asyncio.timeout(60):
            await send(database, mailing(settings, box))
        done.set()
    assert "did not answer" in (await alerts(database))[0].error


async def test_without_a_server_that_is_recorded_and_nothing_old_goes_out_later(
    make: Make, job: Job, work: Work, database: Database, settings: Settings
) -> None:
    await fare(make, job, work, database, Unavailable("away"))
    await send(database, settings)
    (told,) = await alerts(database)
    assert (told.next_us, told.error) == (None, mail.UNSET)
    async with mail_server() as box:
        assert await send(database, mailing(settings, box)) == 0


@pytest.fixture
async def listener() -> AsyncGenerator[tuple[list[str], str]]:
    """What a monitor was asked for, and its address."""
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).decode().split(" ")[1])
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield asked, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_monitor_hears_of_the_start_and_the_end_of_each_run(
    make: Make, job: Job, work: Work, database: Database, listener: tuple[list[str], str]
) -> None:
    asked, url = listener
    pings = Pings([f"test={url}/key?a=b", f"other={url}/never"])

    def with_pings(*jobs: Job) -> Scheduler:
        made = make(*jobs)
        made._pings = pings
        return made

    async with asyncio.TaskGroup() as group:
        loop = group.create_task(pings.run())
        await fare(with_pings, job, work, database, "done", Unavailable("away"), Skipped(words="nothing to do"))
        async with asyncio.timeout(60):
            while len(asked) < 6:  # noqa: ASYNC110 - the listener tells no event
                await asyncio.sleep(0.01)
        loop.cancel()
    start, good, fail = "/key/start?a=b", "/key?a=b", "/key/fail?a=b"
    assert asked == [start, good, start, fail, start, good]


def test_a_monitor_that_is_slow_holds_up_no_job(caplog: pytest.LogCaptureFixture) -> None:
    pings = Pings(["test=http://127.0.0.1:9/x"])
    for _ in range(MOST_WAITING + 1):
        pings.tell("test", "start")
    assert "a ping is left out: too many wait" in caplog.messages


def test_the_address_of_a_word() -> None:
    assert address("https://a.example/x/", "fail") == "https://a.example/x/fail"
    assert address("https://a.example", "start") == "https://a.example/start"
    assert address("https://a.example/x/", "success") == "https://a.example/x/"


@pytest.mark.parametrize("value", ["http://a.example", "test.x=ftp://a", "test.x=https://", "test.x= https://a b"])
def test_a_ping_that_names_no_job_or_no_address_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="job=https"):
        Settings(JOB_PING_URLS=value)


@pytest.mark.parametrize("value", ["mail.example.org", "http://mail.example.org", "smtp://"])
def test_a_mail_server_that_is_none_is_refused_without_its_password(value: str) -> None:
    with pytest.raises(ValueError, match="smtp://"):
        Settings(SMTP_URL=value)


async def test_metrics_tell_of_each_job(unsigned: httpx.AsyncClient) -> None:
    text = (await unsigned.get("/metrics")).text
    assert 'sdc_job_state{name="mirror.daily",state="ok"} 1' in text
    assert 'sdc_job_next_timestamp_seconds{name="mirror.daily"}' in text
