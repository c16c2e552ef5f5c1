"""Visitors and what they read as files of an export: every day that the worker knows, and the pages of each year."""

import asyncio

from sdc_core import clock, service_client
from sdc_core.answers.analytics import Point
from sdc_core.errors import Misconfigured, Unavailable
from sdc_core.service_client import ServiceClient
from sdc_core.settings import Settings
from sdc_core.webhooks import Keyring

from sdc_web.authors.rights import Actor
from sdc_web.exports.archive import Extra
from sdc_web.reports import analytics, tables
from sdc_web.reports.analytics import FILE_ROWS, Question

FOLDER = "statistics"


async def of_site(settings: Settings, by: Actor) -> Extra:
    """`files` of the worker that the settings name; without a secret for it a word about that."""
    try:
        keyring = Keyring(settings.webhook_secrets)
    except Misconfigured as error:
        return Extra(notes=(f"statistics are left out: {error}",))
    async with service_client.connect(settings.worker_url, keyring) as worker:
        return await files(worker, by)


async def files(worker: ServiceClient, by: Actor) -> Extra:
    """Days as one CSV, the most read pages and the sources of each year as one each; without the worker a word about
    that. Raises Forbidden.
    """
    points: list[Point] = []
    found: dict[str, bytes] = {}
    try:
        known = await analytics.known(worker, by)
        # Lines of tomorrow are taken, where clocks differ, and no question reaches beyond today.
        last = min(known.last, clock.today())
        for each in range(int(last[:4] or 0), int(known.first[:4] or 1) - 1, -1):
            question = Question(from_day=f"{each}-01-01", to_day=min(f"{each}-12-31", clock.today()))
            course = await analytics.timeseries(worker, by, question, "day")
            read = [point for point in course.points if point.requests]
            if not read:
                # Logs of long ago may have been imported, with a gap before those of this site.
                continue
            points = [*read, *points]
            for dimension in ("page", "source"):
                rows = (await analytics.breakdown(worker, by, question, dimension, FILE_ROWS)).rows
                if rows:
                    found[f"{FOLDER}/{dimension}s-{each}.csv"] = await asyncio.to_thread(tables.encode, rows, "csv")
    except Unavailable as error:
        return Extra(notes=(f"statistics are left out: {error}",))
    return Extra(files={f"{FOLDER}/days.csv": tables.encode(points, "csv"), **found} if points else {})
