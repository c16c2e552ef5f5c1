"""The loop that looks at the pages of others which say that they lead here, and keeps what they say."""

import asyncio
import logging
from contextlib import suppress

from sdc_core import clock, outside
from sdc_core.errors import Unavailable
from sdc_core.outside import Followed
from sdc_core.settings import Settings
from sdc_core.sqlite import Database

from sdc_web.posts.backlinks import of_site
from sdc_web.webmentions import entries, received, switches
from sdc_web.webmentions.received import Held

EVERY_S = 3.0
AT_ONCE = 4
LOOK_S = 10.0
PACE_S = 1.0
"""Between two pages of a host: nobody shall use this site to burden another."""
HELD_US = 120 * clock.SECOND_US
"""Longer than a round in which all are at one host."""
PAUSES_S = (60, 600, 3_600)
FAILED_KEPT_US = clock.DAY_US
_GONE = frozenset({404, 410})
_AGAIN = frozenset({408, 425, 429})

log = logging.getLogger(__name__)


async def run(database: Database, settings: Settings) -> None:
    """The loop: for ever, look at what is due; done at once for a site that has no public address."""
    while settings.SITE_URL:
        with suppress(Unavailable):  # a busy database is asked again
            await look(database, settings.site_url)
        await asyncio.sleep(EVERY_S)


async def look(database: Database, site_url: str, *, private: bool = False, pace_s: float = PACE_S) -> int:
    """Look at what is due, each host by itself; returns how many pages. `private` is for tests."""
    looked_at = 0
    while True:
        now_us = clock.now_us()
        async with database.read() as connection:
            wanted = (await switches.current(connection)).into and await received.is_due(connection, now_us)
        if not wanted:
            return looked_at
        async with database.transaction() as connection:
            held = await received.claim(connection, now_us=now_us, held_us=now_us + HELD_US, limit=AT_ONCE)
            await received.forget_failed(connection, now_us - FAILED_KEPT_US)
        by_host: dict[str, list[Held]] = {}
        for each in held:
            by_host.setdefault(each.host, []).append(each)
        async with asyncio.TaskGroup() as group:
            for several in by_host.values():
                group.create_task(_host(database, site_url, several, private=private, pace_s=pace_s))
        looked_at += len(held)


async def _host(database: Database, site_url: str, held: list[Held], *, private: bool, pace_s: float) -> None:
    """One after the other. What cannot be written down, for the database is busy, is looked at again later."""
    for each in held:
        with suppress(Unavailable):
            await _one(database, site_url, each, private=private)
        await asyncio.sleep(pace_s)


async def _one(database: Database, site_url: str, held: Held, *, private: bool) -> None:
    headers = {"user-agent": "SDC Webmention", "accept": "text/html, application/json;q=0.8, */*;q=0.1"}
    page = await outside.follow(held.source, headers, timeout_s=LOOK_S, private=private)
    attempt = page.attempt
    # What only leads on to a page of this site says nothing of its own.
    away = of_site(page.at) != of_site(site_url)
    entry = await asyncio.to_thread(_read, page, held.target) if attempt.ok and away else None
    now_us = clock.now_us()
    async with database.transaction() as connection:
        if entry is not None:
            await received.found(connection, held, entry, now_us)
        elif attempt.ok:
            await received.gone(connection, held, "it does not lead here", now_us)
        elif attempt.status in _GONE:
            await received.gone(connection, held, f"it answers {attempt.status}", now_us)
        elif _is_away(page) and held.tries < len(PAUSES_S):
            pause_s = max(PAUSES_S[held.tries], attempt.retry_after_s)
            reason = attempt.error or f"it answers {attempt.status}"
            await received.again(connection, held, reason, now_us + int(pause_s * clock.SECOND_US))
        else:
            await received.unread(connection, held, attempt.error or f"it answers {attempt.status}", now_us)


def _read(page: Followed, target: str) -> entries.Entry | None:
    return entries.read(page.attempt.body, page.attempt.content_type, page.at, target)


def _is_away(page: Followed) -> bool:
    status, error = page.attempt.status, page.attempt.error
    return (status == 0 and error != outside.NOT_PUBLIC) or status >= 500 or status in _AGAIN
