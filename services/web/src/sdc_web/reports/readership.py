"""How often each page was read: the worker's page views by path. Lists go without when it does not answer soon."""

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta

from sdc_core import clock
from sdc_core.answers.analytics import PagesRead, PathDays
from sdc_core.errors import Unavailable
from sdc_core.service_client import ServiceClient

from sdc_web.reports.analytics import Question
from sdc_web.reports.asking import ask

MONTH = 30
SOON_S = 0.4
"""A list waits no longer for numbers that it can do without."""


async def of_month(worker: ServiceClient, paths: Sequence[str]) -> dict[str, int] | None:
    """Page views of those paths in the last 30 days, today included; None when the worker does not tell them soon."""
    if not paths:
        return {}
    try:
        async with asyncio.timeout(SOON_S):
            answer = await _read(worker, MONTH, len(paths), "\n".join(paths))
    except (Unavailable, TimeoutError):
        return None
    return {each.path: each.page_views for each in answer.rows}


async def most_read(worker: ServiceClient, days: int, limit: int) -> list[PathDays]:
    """The pages read most in so many days up to today, each with its days. Raises Unavailable."""
    return (await _read(worker, days, limit)).rows


async def _read(worker: ServiceClient, days: int, limit: int, paths: str = "") -> PagesRead:
    today = date.fromisoformat(clock.today())
    period = Question(from_day=(today - timedelta(days=days - 1)).isoformat(), to_day=today.isoformat())
    return await ask(worker, "/analytics/pages", PagesRead, period.query(limit=str(limit), paths=paths))
