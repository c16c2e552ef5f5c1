"""What the worker cannot tell people, web does: that it does not answer, and that an endpoint is disabled."""

import asyncio
from collections.abc import AsyncGenerator

import httpx
import pytest
from pydantic import SecretStr
from sdc_core import clock
from sdc_core.service_client import ServiceClient
from sdc_core.settings import Settings
from sdc_core.sqlite import execute
from sdc_core.webhooks import Keyring
from sdc_web.db import Databases
from sdc_web.endpoints import keeping, log
from sdc_web.endpoints.keeping import Wishes
from sdc_web.endpoints.log import Filters
from sdc_web.watch import rounds

from mail_server import Mailbox, mail_server, mailing
from signing_in import OWNER

SILENT_US = rounds.SILENT_US
DAY_US = clock.DAY_US


@pytest.fixture
async def box() -> AsyncGenerator[Mailbox]:
    """A mail server."""
    async with mail_server() as mailbox:
        yield mailbox


async def look(databases: Databases, settings: Settings, box: Mailbox, silent_us: int, later_us: int = 0) -> list[str]:
    """The subjects of all mails after one more look."""
    with clock.frozen(clock.now_us() + later_us):
        await rounds.look(databases, mailing(settings, box), silent_us, "nothing answers at its address")
    return [str(mail["Subject"]) for mail in box.mails]


async def test_a_worker_that_is_silent_for_ten_minutes_is_told_of_once_a_day_and_when_it_answers(
    databases: Databases, settings: Settings, box: Mailbox
) -> None:
    silent, back = "The worker does not answer (fog.example)", "The worker answers again (fog.example)"
    assert await look(databases, settings, box, SILENT_US - 1) == []
    assert await look(databases, settings, box, SILENT_US) == [silent]
    assert await look(databases, settings, box, 2 * SILENT_US, SILENT_US) == [silent]
    assert await look(databases, settings, box, DAY_US, DAY_US + SILENT_US) == [silent] * 2
    assert await look(databases, settings, box, 0) == [silent, silent, back]
    assert await look(databases, settings, box, 0) == [silent, silent, back]
    assert "has not answered for 10 minutes: nothing answers at its address." in str(box.mails[0].get_payload())


async def test_of_two_processes_one_tells_it(databases: Databases, settings: Settings, box: Mailbox) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(look(databases, settings, box, SILENT_US))
    assert len(box.mails) == 1


async def test_what_no_server_took_is_tried_again(databases: Databases, settings: Settings, box: Mailbox) -> None:
    box.answer = "451 later"
    assert await look(databases, settings, box, SILENT_US) == []
    box.answer = ""
    assert await look(databases, settings, box, SILENT_US, rounds.HELD_US - clock.SECOND_US) == []
    assert len(await look(databases, settings, box, SILENT_US, rounds.HELD_US + clock.SECOND_US)) == 1


async def test_a_blip_that_nobody_was_told_of_is_not_told_to_be_over(
    databases: Databases, settings: Settings, box: Mailbox
) -> None:
    await look(databases, settings, box, SILENT_US - 1)
    assert await look(databases, settings, box, 0) == []


async def test_endpoints_hear_of_it_as_of_a_failed_job(databases: Databases, settings: Settings, box: Mailbox) -> None:
    await add(databases, settings)
    for _ in range(2):
        await look(databases, settings, box, SILENT_US)
    (delivery,) = await log.page(databases.site, OWNER, Filters())
    told = await log.one(databases.site, OWNER, delivery.id)
    assert (delivery.type, '"job":"worker"' in told.message.data) == ("job.failed", True)


async def add(databases: Databases, settings: Settings) -> str:
    wishes = Wishes(name="newsletter", url="https://news.example/hook", types=("job.failed",))
    return (await keeping.add(databases.site, OWNER, settings, wishes)).id


async def test_an_endpoint_that_is_disabled_is_told_of_once_each_time(
    databases: Databases, settings: Settings, box: Mailbox
) -> None:
    endpoint_id = await add(databases, settings)
    subject = "Webhooks to newsletter have stopped (fog.example)"
    said = []
    for state in ("on", "disabled", "disabled", "on", "disabled"):
        async with databases.site.transaction() as connection:
            await execute(connection, f"UPDATE endpoints SET state = '{state}', reason = 'it answered 410'")  # noqa: S608
        said.append(await look(databases, settings, box, 0))
    assert said == [[], [subject], [subject], [subject], [subject] * 2]
    words = str(box.mails[0].get_payload())
    assert "it answered 410" in words.replace("=\n", "")
    assert endpoint_id in words.replace("=\n", "")


async def test_without_a_mail_server_nothing_is_tried(databases: Databases, settings: Settings, box: Mailbox) -> None:
    bare = settings.model_copy(update={"SMTP_URL": SecretStr("")})
    await rounds.look(databases, bare, SILENT_US, "away")
    assert await look(databases, settings, box, SILENT_US) == []


async def test_the_loop_counts_from_when_the_worker_last_answered(
    databases: Databases, settings: Settings, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "EVERY_S", 0.01)
    monkeypatch.setattr(rounds, "SILENT_US", 50_000)
    async with httpx.AsyncClient(base_url="http://127.0.0.1:9") as nobody:
        worker = ServiceClient(nobody, Keyring(settings.webhook_secrets))
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            loop = group.create_task(rounds.run(databases, mailing(settings, box), worker))
            while not box.mails:  # noqa: ASYNC110 - the mail server tells nobody
                await asyncio.sleep(0.01)
            loop.cancel()
    assert str(box.mails[0]["Subject"]).startswith("The worker does not answer")
