"""Webmentions to a part of a page, and how long those that are due stand still."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import httpx
from litestar.types import ASGIApp
from sdc_core import clock
from sdc_web.db import Databases
from sdc_web.webmentions import switches
from sdc_web.webmentions.switches import Switches

from mention_peer import Peer
from mentioning import HOUR_US, Publish, Tell, change, rows
from signing_in import OWNER

Running = Callable[[ASGIApp], AbstractAsyncContextManager[None]]


async def test_a_part_of_a_page_is_told_as_the_text_leads_there_and_so_it_is_when_the_link_goes(
    databases: Databases, publish: Publish, peer: Peer, there: str, tell: Tell
) -> None:
    peer.taker()
    post = await publish("Fog", f"[Two]({there}/page#two) and [three]({there}/page#three).")
    await tell()
    await change(databases, post, "Nothing.")
    await tell()
    assert [each.target for each in peer.told] == [f"{there}/page#two"] * 2
    assert peer.asked == ["/page"] * 2
    assert [row.state for row in await rows(databases)] == ["removed"]


async def test_what_is_due_is_overdue_while_nobody_tells_it_and_they_are_on(
    client: httpx.AsyncClient, databases: Databases, publish: Publish, peer: Peer, there: str, tell: Tell
) -> None:
    async def late_s() -> float:
        with clock.frozen(clock.now_us() + HOUR_US):
            text = (await client.get("/metrics")).text
        return float(text.split('sdc_webmentions_overdue_seconds{way="out"} ')[1].split("\n")[0])

    peer.taker()
    await publish("Fog", f"{there}/page")
    assert 3_600 <= await late_s() < 3_700
    await switches.change(databases.site, OWNER, Switches(out=False))
    assert await late_s() == 0
    await switches.change(databases.site, OWNER, Switches(out=True))
    await tell()
    assert await late_s() == 0
