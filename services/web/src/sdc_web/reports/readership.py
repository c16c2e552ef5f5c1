"""How often each page was read: the worker's page views by path. Lists go without when it does not answer soon."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from sdc_core import clock
from sdc_core.answers.analytics import PagesRead, PathDays
from sdc_core.errors import Unavailable
from sdc_core.service_client import ServiceClient

from sdc_web.redirects import Former
from sdc_web.reports.analytics import RECENT_S, Question
from sdc_web.reports.asking import ask

MONTH = 30
MOST_ASKED = 20_000
"""Characters of all paths that the worker is asked of at once."""
MOST_KEPT = 10_000
"""Paths, in each process of web."""
SOON_S = 0.4
"""A list waits no longer for numbers that it can do without."""


class Views:
    """Page views of a month, by path, for as long as `RECENT_S` after the worker told them: lists that follow one
    another show much the same texts.
    """

    __slots__ = ("_told",)

    def __init__(self) -> None:
        self._told: dict[str, tuple[int, int]] = {}

    async def of_month(
        self, worker: ServiceClient, paths: Sequence[str], former: Sequence[Former] = ()
    ) -> dict[str, int] | None:
        """Page views of those paths in the last 30 days, today included, with those that they had at `former`
        addresses; None when the worker does not tell them soon.
        """
        now_us = clock.monotonic_us()
        wanted = [*dict.fromkeys((*paths, *(each.path for each in former)))]
        known = {path: told[0] for path in wanted if (told := self._told.get(path)) and told[1] > now_us}
        asked = [path for path in wanted if path not in known]
        while len("\n".join(asked)) > MOST_ASKED and asked[-1] not in paths:
            asked.pop()
        if asked:
            try:
                async with asyncio.timeout(SOON_S):
                    answer = await _read(worker, asked)
            except (Unavailable, TimeoutError):
                return None
            known |= dict.fromkeys(asked, 0) | {each.path: each.page_views for each in answer.rows}
            self._note({path: known[path] for path in asked}, now_us + RECENT_S * clock.SECOND_US)
        read = [PathDays(path=path, page_views=views, days=[]) for path, views in known.items() if views]
        return {each.path: each.page_views for each in together(read, former)}

    def _note(self, told: Mapping[str, int], until_us: int) -> None:
        if len(self._told) + len(told) > MOST_KEPT:
            self._told.clear()
        self._told |= {path: (views, until_us) for path, views in told.items()}


def together(read: Sequence[PathDays], former: Sequence[Former]) -> list[PathDays]:
    """The same with what was read at former addresses put to the present ones, the page read most first."""
    moved_to = {each.path: each.present for each in former}
    found: dict[str, PathDays] = {}
    for each in read:
        path = moved_to.get(each.path, each.path)
        before = found.get(path)
        days = [one + other for one, other in zip(each.days, before.days, strict=True)] if before else each.days
        page_views = each.page_views + (before.page_views if before else 0)
        found[path] = PathDays(path=path, page_views=page_views, days=days)
    return sorted(found.values(), key=lambda each: (-each.page_views, each.path))


async def _read(worker: ServiceClient, paths: Sequence[str]) -> PagesRead:
    today = date.fromisoformat(clock.today())
    first = today - timedelta(days=MONTH - 1)
    period = Question(from_day=first.isoformat(), to_day=today.isoformat(), within_s=RECENT_S)
    query = period.query(limit=str(len(paths)), paths="\n".join(paths), days="0")
    return await ask(worker, "/analytics/pages", PagesRead, query)
