"""A round of looking: all links within the site, and those outside whose turn it is, for as long as a run may take."""

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec
from sdc_core import clock
from sdc_core.sqlite import Connection, Database

from sdc_web.link_checks import asking, store
from sdc_web.link_checks.asking import UNREACHED, Found
from sdc_web.link_checks.store import Due
from sdc_web.posts import navigation
from sdc_web.posts.backlinks import of_site

BEGIN_S = 10.0
END_S = 16.0
"""After the first nothing is begun, after the second nothing is waited for: the worker waits for twenty seconds."""
PACE_S = 1.0
"""Between two requests to the same host."""
HOSTS_AT_ONCE = 8
MOST = 400
MOST_INSIDE = 5_000
WEEK_US = 7 * clock.DAY_US
DEAD_AFTER = 3
"""Failures in a row, a day apart, of an address that might come back. Where nothing is there, one is enough."""
_REASONS = {"missing": "nothing answers there", "draft": "that text is not published"}


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What a round did, and how things stand after it. `waiting` are addresses whose turn it still is."""

    looked_at: int
    dead: int
    moved: int
    doubtful: int
    waiting: int


async def look(database: Database, site_url: str, *, private: bool = False, pace_s: float = PACE_S) -> Looked:
    """Look at what is due. Each address is remembered as it is found, so a round that is cut short loses nothing."""
    own, now_us = of_site(site_url), clock.now_us()
    async with database.read() as connection:
        dead = await _inside(connection, own)
        due = await store.due(connection, own, now_us=now_us, limit=MOST)
    async with database.transaction() as connection:
        await store.put_inside(connection, dead, now_us)
        await store.forget(connection)
    looked_at = await _outside(database, site_url, due, private=private, pace_s=pace_s)
    async with database.read() as connection:
        waiting = await store.due(connection, own, now_us=clock.now_us(), limit=MOST)
        return Looked(
            looked_at=looked_at,
            dead=await store.count(connection, "dead"),
            moved=await store.count(connection, "moved"),
            doubtful=await store.count(connection, "doubtful"),
            waiting=len(waiting),
        )


async def _inside(connection: Connection, own: str) -> dict[str, str]:
    """Addresses of the site at which readers find nothing, with the reason."""
    dead = {}
    for path in await store.inside(connection, own, limit=MOST_INSIDE):
        standing = await navigation.standing(connection, path)
        if standing in _REASONS:
            dead[path] = _REASONS[standing]
    return dead


async def _outside(database: Database, site_url: str, due: list[Due], *, private: bool, pace_s: float) -> int:
    by_host: dict[str, list[Due]] = {}
    for each in due:
        by_host.setdefault(urlsplit(each.url).netloc.lower(), []).append(each)
    waiting = list(by_host.values())
    stop_us = clock.monotonic_us() + int(BEGIN_S * clock.SECOND_US)
    looked_at = 0

    def in_time() -> bool:
        return clock.monotonic_us() < stop_us

    async def hosts() -> None:
        nonlocal looked_at
        while waiting and in_time():
            looked_at += await _host(database, site_url, waiting.pop(0), in_time, private=private, pace_s=pace_s)

    try:
        async with asyncio.timeout(END_S), asyncio.TaskGroup() as group:
            for _ in range(min(HOSTS_AT_ONCE, len(waiting))):
                group.create_task(hosts())
    except TimeoutError:
        pass  # what was under way is still due
    return looked_at


async def _host(
    database: Database, site_url: str, due: list[Due], in_time: Callable[[], bool], *, private: bool, pace_s: float
) -> int:
    """The addresses of one host, one after the other; the rest of one that does not answer wait for another round."""
    looked_at = 0
    for each in due:
        if looked_at:
            await asyncio.sleep(pace_s)
        if not in_time():
            break
        found = await asking.look(each.url, each.etag, site_url, private=private)
        await _remember(database, each, found)
        looked_at += 1
        if found.status == UNREACHED and found.failed:
            break
    return looked_at


async def _remember(database: Database, due: Due, found: Found) -> None:
    now_us = clock.now_us()
    well = found.state in ("ok", "moved")
    failures = 0 if well else due.failures + 1
    if found.failed and failures >= DEAD_AFTER:
        found = msgspec.structs.replace(found, state="dead")
    # A day later while it is not known for what it is; else after a week, and not all at the same time.
    soon = not well and failures < DEAD_AFTER
    pause_us = clock.DAY_US if soon else WEEK_US + int(clock.jitter(86_400) * clock.SECOND_US)
    pause_us = max(pause_us, found.retry_after_s * clock.SECOND_US)
    async with database.transaction() as connection:
        await store.put(
            connection,
            due.url,
            found,
            failures=failures,
            failing_since_us=None if well else due.failing_since_us or now_us,
            now_us=now_us,
            next_us=now_us + pause_us,
        )
