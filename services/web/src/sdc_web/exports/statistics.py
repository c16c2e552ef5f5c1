"""Visitors and what they read as files of an export: every day that the worker knows, and the pages of each year."""

from datetime import date

from sdc_core import clock
from sdc_core.answers.analytics import Point
from sdc_core.errors import Unavailable
from sdc_core.service_client import ServiceClient

from sdc_web.authors.rights import Actor
from sdc_web.exports.archive import Extra
from sdc_web.reports import analytics, tables
from sdc_web.reports.analytics import MOST_ROWS, Question

FOLDER = "statistics"
MAX_YEARS = 30


async def files(worker: ServiceClient, by: Actor) -> Extra:
    """Days as one CSV, the most read pages and the sources of each year as one each; without the worker a word about
    that. Raises Forbidden.
    """
    year = date.fromisoformat(clock.today()).year
    points: list[Point] = []
    found: dict[str, bytes] = {}
    try:
        for each in range(year, year - MAX_YEARS, -1):
            question = Question(from_day=f"{each}-01-01", to_day=min(f"{each}-12-31", clock.today()))
            course = await analytics.timeseries(worker, by, question, "day")
            read = [point for point in course.points if point.requests]
            if not read:
                break
            points = [*read, *points]
            for dimension in ("page", "source"):
                rows = (await analytics.breakdown(worker, by, question, dimension, MOST_ROWS)).rows
                found[f"{FOLDER}/{dimension}s-{each}.csv"] = tables.encode(rows, "csv")
    except Unavailable as error:
        return Extra(notes=(f"statistics are left out: {error}",))
    return Extra(files={f"{FOLDER}/days.csv": tables.encode(points, "csv"), **found} if points else {})
