"""The loop that tells what waits, tries again after growing pauses, and gives up on what nobody took for two days."""

import asyncio
import logging

from sdc_core import clock
from sdc_core.attempts import Attempt
from sdc_core.settings import Settings
from sdc_core.sqlite import Connection, Database

from sdc_web.announcements import sending, store
from sdc_web.announcements.store import Announcement, Name

EVERY_S = 5.0
MAX_AGE_US = 2 * clock.DAY_US

log = logging.getLogger(__name__)


async def run(database: Database, settings: Settings) -> None:
    """The loop: for ever, tell what there is to tell; done at once where no setting names anybody."""
    names = set_audiences(settings)
    async with database.transaction() as connection:
        await store.keep_only(connection, names)
    while names:
        for name in names:
            await tell(database, settings, name)
        await asyncio.sleep(EVERY_S)


def set_audiences(settings: Settings) -> tuple[Name, ...]:
    """Those that the settings name; nobody hears of a site that has no public address."""
    wanted: dict[Name, str] = {"websub": settings.WEBSUB_HUB, "indexnow": settings.INDEXNOW_KEY}
    return tuple(name for name, value in wanted.items() if value and settings.SITE_URL)


async def tell(database: Database, settings: Settings, name: Name) -> None:
    """One round for an audience, unless nothing waits, it is too soon, or another process is at it."""
    now_us = clock.now_us()
    async with database.read() as connection:
        if not await store.is_due(connection, name, now_us):
            return
    async with database.transaction() as connection:
        if not await store.hold(connection, name, now_us):
            return
        waiting = await store.of(connection, name)
    match name:
        case "websub":
            await _tell_hub(database, settings, waiting)
        case "indexnow":
            await _tell_search_engines(database, settings, waiting)


async def _tell_hub(database: Database, settings: Settings, waiting: list[Announcement]) -> None:
    """What was told is noted, so that the next round goes on where this one ends."""
    async with database.read() as connection:
        feeds = await store.feeds(connection)
    left = [each for each in feeds if not each.is_told]
    heard = await sending.to_hub(settings, left)
    async with database.transaction() as connection:
        await store.note(connection, heard.told)
        if heard.failed is not None:
            await _failed(connection, "websub", waiting, heard.failed)
        elif len(heard.told) < len(left):
            await store.go_on(connection, "websub")
        else:
            await store.forget(connection, "websub", waiting[-1].id)
            await store.succeeded(connection, "websub", len(feeds), clock.now_us())


async def _tell_search_engines(database: Database, settings: Settings, waiting: list[Announcement]) -> None:
    attempt = await sending.to_search_engines(settings, [each.path for each in waiting])
    async with database.transaction() as connection:
        if attempt.ok:
            await store.forget(connection, "indexnow", waiting[-1].id)
            await store.succeeded(connection, "indexnow", len(waiting), clock.now_us())
        else:
            await _failed(connection, "indexnow", waiting, attempt)


async def _failed(connection: Connection, name: Name, waiting: list[Announcement], attempt: Attempt) -> None:
    """Remember why, and give up on what is too old."""
    now_us = clock.now_us()
    reason = attempt.error or f"it answered {attempt.status}"
    failures = await store.failed(connection, name, reason, now_us, attempt.retry_after_s * clock.SECOND_US)
    if failures == 1:
        log.warning("changes could not be announced", extra={"audience": name, "reason": reason})
    if old := [each for each in waiting if each.since_us < now_us - MAX_AGE_US]:
        await store.forget(connection, name, old[-1].id)
        log.warning("gave up announcing changes", extra={"audience": name, "reason": reason, "addresses": len(old)})
