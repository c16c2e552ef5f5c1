"""The loop that tells other sites of links to them, tries again after growing pauses, and gives up after two days."""

import asyncio
import logging
from contextlib import suppress
from urllib.parse import quote, urlencode, urlsplit

import msgspec
from sdc_core import clock, outside
from sdc_core.attempts import Attempt
from sdc_core.errors import Unavailable
from sdc_core.settings import Settings
from sdc_core.sqlite import Database

from sdc_web.posts.backlinks import of_site, part_of
from sdc_web.webmentions import discovery, switches, told
from sdc_web.webmentions.told import Held, State

EVERY_S = 5.0
AT_ONCE = 8
SEND_S = 10.0
HELD_US = 300 * clock.SECOND_US
"""Longer than a round in which all are at one host: after this time another process takes over what a dead one held."""
PAUSES_S = (60, 600, 3_600, 21_600, 86_400)
"""After each failed try; after the sixth no other."""
_AGAIN = frozenset({408, 425, 429})

log = logging.getLogger(__name__)


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What a site said to it. `again` asks for another try, no sooner than `retry_after_s`."""

    state: State
    reason: str = ""
    again: bool = False
    retry_after_s: int = 0


async def run(database: Database, settings: Settings) -> None:
    """The loop: for ever, tell what is due; done at once for a site that has no public address."""
    while settings.SITE_URL:
        with suppress(Unavailable):  # a busy database is asked again
            await tell(database, settings)
        await asyncio.sleep(EVERY_S)


async def tell(database: Database, settings: Settings, *, private: bool = False) -> int:
    """Tell what is due, each host by itself; returns how many tries were made. `private` is for tests."""
    tries = 0
    while True:
        now_us = clock.now_us()
        async with database.read() as connection:
            wanted = (await switches.current(connection)).out and await told.is_due(connection, now_us)
        if not wanted:
            return tries
        async with database.transaction() as connection:
            held = await told.claim(connection, now_us=now_us, held_us=now_us + HELD_US, limit=AT_ONCE)
        by_host: dict[str, list[Held]] = {}
        for each in held:
            by_host.setdefault(urlsplit(each.target).netloc.lower(), []).append(each)
        async with asyncio.TaskGroup() as group:
            for several in by_host.values():
                group.create_task(_host(database, settings, several, private=private))
        tries += len(held)


async def _host(database: Database, settings: Settings, held: list[Held], *, private: bool) -> None:
    """One after the other. What cannot be written down, for the database is busy, is told again later."""
    for each in held:
        with suppress(Unavailable):
            await _one(database, settings, each, private=private)


async def _one(database: Database, settings: Settings, held: Held, *, private: bool) -> None:
    async with database.read() as connection:
        found = await told.standing(connection, held)
    linked = found is not None and found.is_linked
    own = of_site(settings.site_url) == f"//{urlsplit(held.target).netloc.lower()}"
    if own or not (linked or held.was_told):
        async with database.transaction() as connection:
            await told.forget(connection, held)
        return
    # The site knows the text by the address that it was told; that leads to the new one, unless it is another's now.
    path = found.path if found and not (held.was_told and found.is_redirected) else held.path
    # Who looks for the link looks for it as it is written.
    fragment = part_of(found.body_html, held.target) if found and linked else held.fragment
    heard = await _told(settings.site_url, path, held.target, fragment, private=private)
    now_us = clock.now_us()
    async with database.transaction() as connection:
        if heard.state == "told":
            state: State = "told" if linked else "removed"
            await told.settle(connection, held, state, path=path, now_us=now_us, was_told=linked)
            await told.set_fragment(connection, held, fragment)
        elif heard.again and held.tries < len(PAUSES_S):
            pause_s = max(PAUSES_S[held.tries], heard.retry_after_s)
            next_us = now_us + int((pause_s + clock.jitter(pause_s / 10)) * clock.SECOND_US)
            await told.settle(
                connection, held, "waiting", path=held.path, now_us=now_us, next_us=next_us, reason=heard.reason
            )
        else:
            state = heard.state if linked else "removed"
            gone = None if linked else False
            await told.settle(
                connection, held, state, path=held.path, now_us=now_us, was_told=gone, reason=heard.reason
            )
        await told.forget_gone(connection, held)


async def _told(site_url: str, path: str, target: str, fragment: str, *, private: bool) -> Heard:
    """Find where the target takes webmentions, and tell it there."""
    agent = {"user-agent": f"SDC Webmention (+{site_url})", "accept": "text/html, */*;q=0.5"}
    page = await outside.follow(target, agent, timeout_s=SEND_S, private=private)
    if _is_away(page.attempt):
        return _again(page.attempt)
    endpoint = await discovery.endpoint(page)
    if not endpoint:
        reason = page.attempt.error or ("" if page.attempt.ok else f"it answers {page.attempt.status}")
        return Heard(state="none", reason=reason)
    form = urlencode({"source": site_url + quote(path), "target": target + fragment}).encode()
    sent_as = {**agent, "content-type": "application/x-www-form-urlencoded"}
    answer = await outside.post(endpoint, form, sent_as, timeout_s=SEND_S, private=private)
    if answer.ok:
        return Heard(state="told")
    if _is_away(answer):
        return _again(answer)
    return Heard(state="refused", reason=answer.error or f"it answered {answer.status}")


def _is_away(attempt: Attempt) -> bool:
    """Whether another time may be better."""
    unreached = attempt.status == 0 and attempt.error != outside.NOT_PUBLIC
    return unreached or attempt.status >= 500 or attempt.status in _AGAIN


def _again(attempt: Attempt) -> Heard:
    reason = attempt.error or f"it answered {attempt.status}"
    return Heard(state="failed", reason=reason, again=True, retry_after_s=attempt.retry_after_s)
