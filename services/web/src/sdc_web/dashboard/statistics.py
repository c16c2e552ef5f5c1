"""Statistics: a period, filters, and what they come to."""

import re
from datetime import date, timedelta
from urllib.parse import urlencode

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from sdc_core import clock
from sdc_core.answers.analytics import FilterName
from sdc_core.errors import Invalid
from sdc_core.service_client import ServiceClient

from sdc_web import pages
from sdc_web.dashboard import panels
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.reports import analytics, asking
from sdc_web.reports.analytics import FILTERS, Question
from sdc_web.sessions.signed_in import SignedIn

ADDRESS = "/author/statistics"
PERIODS = (("Today", 1), ("7 days", 7), ("30 days", 30), ("90 days", 90), ("A year", 365))
DEFAULT_DAYS = 30
MAX_DAYS = 400
MAX_VALUE = 512
FIRST_YEAR, LAST_YEAR = 1970, 9000
"""Far enough from the ends of the calendar to count days from."""
_STATUS = re.compile(r"[0-9]{3}")


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """Days, both included."""

    from_day: str
    to_day: str


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A period to choose."""

    label: str
    url: str
    current: bool


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """A filter in force."""

    name: str
    value: str
    remove_url: str


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A filter to fill in."""

    name: str
    label: str
    value: str


@get(ADDRESS, right="statistics.read")
async def show(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],
) -> Response[str]:
    """The page; without the worker its place says so."""
    question = read_question(dict(request.query_params.items()), clock.today())
    step: analytics.Step = "hour" if question.from_day == question.to_day else "day"
    whole = await asking.unless_away(analytics.whole(worker, author.actor, question, step))
    return await pages.page(
        request,
        databases,
        "author/statistics/show.html",
        author=author,
        period=Period(from_day=question.from_day, to_day=question.to_day),
        periods=_periods(question),
        filters=_filters(question),
        fields=[Field(name=name, label=name.capitalize(), value=question.filters.get(name, "")) for name in FILTERS],
        panel=panels.panel(whole, question) if whole else None,
        live=whole.live if whole else None,
    )


@get(f"{ADDRESS}/live", right="statistics.read")
async def live(
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],
) -> Response[str]:
    """Who is here now, as a fragment. Unavailable without the worker, and htmx then keeps what it shows."""
    return pages.fragment("author/statistics/_live.html", live=await analytics.live(worker, author.actor))


def read_question(query: dict[str, str], today: str) -> Question:
    """The period and filters of an address; 30 days up to today where it says nothing. Raises Invalid for no days."""
    to_day = query.get("to") or today
    last = _day(to_day, "to")
    first = _day(query["from"], "from") if query.get("from") else last - timedelta(days=DEFAULT_DAYS - 1)
    if first > last or (last - first).days >= MAX_DAYS:
        message = f"a period begins before it ends, and has at most {MAX_DAYS} days"
        raise Invalid(message, field="from")
    filters: dict[FilterName, str] = {name: query[name][:MAX_VALUE] for name in FILTERS if query.get(name)}
    if not _STATUS.fullmatch(filters.get("status", "200")):
        message = "a status is a number such as 404"
        raise Invalid(message, field="status")
    return Question(from_day=first.isoformat(), to_day=last.isoformat(), filters=filters)


def address(question: Question, **filters: str) -> str:
    """The page's address for a question, with some filters changed; an empty one is removed."""
    merged = {**question.filters, **filters}
    kept = {name: value for name, value in merged.items() if value}
    return f"{ADDRESS}?{urlencode({'from': question.from_day, 'to': question.to_day, **kept})}"


def _day(text: str, field: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        message = "write a day as 2026-11-24"
        raise Invalid(message, field=field)
    return day


def _periods(question: Question) -> list[Link]:
    today = date.fromisoformat(clock.today())
    links = []
    for label, days in PERIODS:
        first = (today - timedelta(days=days - 1)).isoformat()
        shifted = msgspec.structs.replace(question, from_day=first, to_day=today.isoformat())
        current = shifted.from_day == question.from_day and shifted.to_day == question.to_day
        links.append(Link(label=label, url=address(shifted), current=current))
    return links


def _filters(question: Question) -> list[Filter]:
    return [
        Filter(name=name, value=value, remove_url=address(question, **{name: ""}))
        for name, value in question.filters.items()
    ]


route_handlers = [show, live]
