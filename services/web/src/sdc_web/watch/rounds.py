"""The loop that looks once a minute whether the worker answers and which endpoints are disabled, and tells people.

The worker tells of failing jobs itself, by webhook, mail and pings; when it hangs or cannot start, it tells nothing.
"""

import asyncio
import logging
from contextlib import suppress

from sdc_core import clock, mail
from sdc_core.errors import Unavailable
from sdc_core.messages import RunFailed
from sdc_core.service_client import ServiceClient
from sdc_core.settings import Settings

from sdc_web import endpoints
from sdc_web.db import Databases
from sdc_web.watch import store
from sdc_web.watch.store import Disabled

EVERY_S = 60.0
SILENT_US = 10 * 60 * clock.SECOND_US
"""Longer than a restart or an upgrade takes."""
AGAIN_US = clock.DAY_US
LONG_US = 3_650 * clock.DAY_US
HELD_US = 5 * 60 * clock.SECOND_US
WORKER = "worker"
WORKER_MAIL = "worker.mail"
ENDPOINT = "endpoint."

log = logging.getLogger(__name__)


async def run(databases: Databases, settings: Settings, worker: ServiceClient) -> None:
    """The loop: for ever. What is known of the worker begins with this process."""
    heard_us = clock.monotonic_us()
    while True:
        if not (reason := await worker.reachable()):
            heard_us = clock.monotonic_us()
        with suppress(Unavailable):
            await look(databases, settings, clock.monotonic_us() - heard_us, reason)
        await asyncio.sleep(EVERY_S)


async def look(databases: Databases, settings: Settings, silent_us: int, reason: str) -> None:
    """Tell what is to be told of a worker that has not answered for so long, 0 for one that does, and of endpoints.
    Raises Unavailable with a busy database.
    """
    if silent_us >= SILENT_US:
        await _tell_silence(databases, settings, silent_us, reason)
    elif silent_us == 0:
        await _tell_return(databases, settings)
    await _tell_disabled(databases, settings)


async def _tell_silence(databases: Databases, settings: Settings, silent_us: int, reason: str) -> None:
    words = f"The worker has not answered for {silent_us // (60 * clock.SECOND_US)} minutes: {reason}."
    if await _is_mine(databases, WORKER):
        now_us = clock.now_us()
        failed = RunFailed(
            job=WORKER, run_id=f"silent_{now_us}", due_us=now_us - silent_us, outcome="late", output=words
        )
        await endpoints.keeping.happened(databases.site, f"msg_{clock.new_id()}", "job.failed", failed)
        await _done(databases, WORKER, AGAIN_US)
    text = (
        f"{words} No job runs, no statistics are counted and no pictures are made meanwhile, and nothing tells of "
        "failures; pages are served, and what is due is made up for afterwards. On the machine, `sdc doctor` tells "
        "what is wrong.\n\nWhile this goes on you hear of it once a day, and when it answers again."
    )
    await _mail_once(databases, settings, WORKER_MAIL, AGAIN_US, ("The worker does not answer", text, "/author"))


async def _tell_return(databases: Databases, settings: Settings) -> None:
    async with databases.ttl.transaction() as connection:
        await store.forget(connection, WORKER)
        if not await store.forget(connection, WORKER_MAIL):
            return
    await _mailed(settings, "The worker answers again", "The worker answers again. Jobs go on.", "/author/jobs")


async def _tell_disabled(databases: Databases, settings: Settings) -> None:
    async with databases.site.read() as connection:
        found = await store.disabled(connection)
    async with databases.ttl.transaction() as connection:
        await store.keep(connection, ENDPOINT, [ENDPOINT + each.id for each in found])
    for each in found:
        page = f"/author/site/endpoints/{each.id}"
        mail_of = (f"Webhooks to {each.name} have stopped", _words(each), page)
        await _mail_once(databases, settings, ENDPOINT + each.id, LONG_US, mail_of)


async def _mail_once(
    databases: Databases, settings: Settings, what: str, again_us: int, mail_of: tuple[str, str, str]
) -> None:
    """Subject, words and page, unless somebody did; what no server took is tried again."""
    if await _is_mine(databases, what) and await _mailed(settings, *mail_of):
        await _done(databases, what, again_us)


async def _is_mine(databases: Databases, what: str) -> bool:
    """Whether this process is to tell it; if it dies meanwhile another one does so later."""
    now_us = clock.now_us()
    async with databases.ttl.transaction() as connection:
        return await store.claim(connection, what, now_us, now_us + HELD_US)


async def _done(databases: Databases, what: str, again_us: int) -> None:
    async with databases.ttl.transaction() as connection:
        await store.hold(connection, what, clock.now_us() + again_us)


def _words(endpoint: Disabled) -> str:
    return (
        f"The endpoint {endpoint.name} is disabled: {endpoint.reason}. Nothing is sent to it any more. What happens "
        "waits for 30 days, and goes out when it is turned on again."
    )


async def _mailed(settings: Settings, subject: str, text: str, path: str) -> bool:
    """Whether a server took it; where none is set it is in the log alone, once."""
    log.warning("people are told", extra={"subject": subject})
    if not mail.configured(settings):
        return True
    made = mail.addressed(settings, subject, f"watch_{clock.new_id()}", clock.now_us())
    made.set_content(f"{text}\n\n{settings.site_url}{path}\n")
    if error := await mail.send(settings, made, mail.SEND_S):
        log.warning("an alert could not be mailed", extra={"reason": error})
    return not error
