"""The address of the statistics: a period, what it is compared with, filters, and which part of the page is shown.

Every state of the page is an address, so links, the back button and saved views need nothing else.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Literal, TypeAlias, TypeVar
from urllib.parse import urlencode

import msgspec
from sdc_core.answers.analytics import NOT, Step
from sdc_core.errors import Invalid

from sdc_web.reports import periods
from sdc_web.reports.analytics import FILTERS, RECENT_S, Compare, Question

ADDRESS = "/author/statistics"
Metric: TypeAlias = Literal["visitors", "visits", "page_views", "requests", "bytes"]
PERIODS: Mapping[str, str] = {
    "today": "Today",
    "yesterday": "Yesterday",
    "7": "Last 7 days",
    "30": "Last 30 days",
    "90": "Last 90 days",
    "month": "This month",
    "last-month": "Last month",
    "year": "This year",
    "365": "Last 365 days",
    "all": "All time",
}
COMPARES: Mapping[Compare, str] = {
    "before": "the days before",
    "year": "a year before",
    "none": "nothing",
}
METRICS: Mapping[Metric, str] = {
    "visitors": "visitors",
    "visits": "visits",
    "page_views": "page views",
    "requests": "requests",
    "bytes": "bytes",
}
PARTS: Mapping[str, str] = {
    "overview": "Overview",
    "pages": "Pages",
    "sources": "Sources",
    "readers": "Readers",
    "machines": "Feeds and bots",
    "server": "Server",
}
T = TypeVar("T", bound=str)
DEFAULT_PERIOD = "30"
BEGAN = "1995-01-01"
"""No line is older: `Asked.begun` says when the first one was."""
MONTHS_AFTER = 800
"""Of days the course has a point a month."""
MAX_VALUES = 20
MAX_VALUE = 512


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the page is asked for; `period` is empty for days of the author's own choice."""

    from_day: str
    to_day: str
    period: str = ""
    compare: Compare = "before"
    metric: Metric = "visitors"
    part: str = "overview"
    filters: Mapping[str, tuple[str, ...]] = {}

    @property
    def question(self) -> Question:
        """What the worker is asked."""
        return Question(from_day=self.from_day, to_day=self.to_day, filters=self.filters)

    @property
    def recent(self) -> Question:
        """The same where nobody is to wait for what came in the last minute."""
        return msgspec.structs.replace(self.question, within_s=RECENT_S)

    @property
    def days(self) -> int:
        """How many days the period has."""
        return self.question.days

    @property
    def before(self) -> Question | None:
        """The period compared with; there is none before all time."""
        return None if self.period == "all" else self.question.earlier(self.compare)

    @property
    def step(self) -> Step:
        """One day is shown by the hour, years by the month."""
        if self.from_day == self.to_day:
            return "hour"
        return "month" if self.days > MONTHS_AFTER else "day"

    def query(self) -> str:
        """The query string that says it, as short as it can be."""
        fields: list[tuple[str, str]] = []
        if not self.period:
            fields += [("from", self.from_day), ("to", self.to_day)]
        elif self.period != DEFAULT_PERIOD:
            fields.append(("period", self.period))
        for name, default in (("compare", "before"), ("metric", "visitors"), ("part", "overview")):
            if getattr(self, name) != default:
                fields.append((name, getattr(self, name)))
        fields += [(name, value) for name, values in self.filters.items() for value in values]
        return urlencode(fields)

    def address(self, page: str = ADDRESS, **more: str) -> str:
        """The page's address, or that of another one with the same question."""
        query = "&".join(each for each in (self.query(), urlencode(more)) if each)
        return f"{page}?{query}" if query else page

    def of_period(self, period: str, today: str) -> "Asked":
        """The same of another period."""
        first, last = days_of(period, date.fromisoformat(today))
        return msgspec.structs.replace(self, period=period, from_day=first, to_day=last)

    def begun(self, first: str) -> "Asked":
        """The same of all time where that was asked for, which begins with the first day of which there are lines."""
        if self.period != "all" or not self.from_day < first <= self.to_day:
            return self
        return msgspec.structs.replace(self, from_day=first)

    def of_days(self, first: str, last: str) -> "Asked":
        """The same of those days."""
        return msgspec.structs.replace(self, period="", from_day=first, to_day=last)

    def of_day(self, day: str) -> "Asked":
        """The same of one day."""
        return self.of_days(day, day)

    def moved(self, by: int, today: str) -> "Asked | None":
        """As many days, `by` periods later or earlier; None where that has not begun, or before all time."""
        first, last = date.fromisoformat(self.from_day), date.fromisoformat(self.to_day)
        apart = timedelta(days=self.days * by)
        if (first + apart).isoformat() > today or (first + apart).year < periods.FIRST_YEAR or self.period == "all":
            return None
        return msgspec.structs.replace(
            self, period="", from_day=(first + apart).isoformat(), to_day=(last + apart).isoformat()
        )

    def having(self, name: str, value: str) -> "Asked":
        """The same with a filter more; the other values of that name and its opposite go."""
        bare = name.removeprefix(NOT)
        kept = {other: values for other, values in self.filters.items() if other.removeprefix(NOT) != bare}
        return msgspec.structs.replace(self, filters={**kept, name: (value,)})

    def without(self, name: str, value: str) -> "Asked":
        """The same without that value of a filter."""
        filters = dict(self.filters)
        filters[name] = tuple(each for each in filters.get(name, ()) if each != value)
        return msgspec.structs.replace(self, filters={key: values for key, values in filters.items() if values})

    def turned(self, name: str, value: str) -> "Asked":
        """The same with a value that is asked for left out, or the other way round."""
        rest = self.without(name, value)
        other = name.removeprefix(NOT) if name.startswith(NOT) else NOT + name
        values = tuple(dict.fromkeys((*rest.filters.get(other, ()), value)))
        return msgspec.structs.replace(rest, filters={**rest.filters, other: values})


def read(sent: Iterable[tuple[str, str]], today: str) -> Asked:
    """What an address asks for; 30 days up to today where it says nothing. `add`, `value` and `how` are the fields of
    the form that adds a filter. Raises Invalid for days that are none, and for a status that is no number.
    """
    pairs = list(sent)
    query = {name: value for name, value in pairs if value}
    period, first, last = _period(query, today)
    given = [(name, value) for name, value in pairs if name.removeprefix(NOT) in FILTERS]
    if query.get("add") in FILTERS and query.get("value"):
        given.append(((NOT if query.get("how") == "not" else "") + query["add"], query["value"]))
    return Asked(
        from_day=first,
        to_day=last,
        period=period,
        compare=_one_of(query.get("compare"), COMPARES, "before"),
        metric=_one_of(query.get("metric"), METRICS, "visitors"),
        part=_one_of(query.get("part"), PARTS, "overview"),
        filters=_filters(given),
    )


def days_of(period: str, today: date) -> tuple[str, str]:
    """The first and the last day of a period by its name."""
    yesterday = today - timedelta(days=1)
    month = today.replace(day=1)
    before_month = month - timedelta(days=1)
    first, last = {
        "today": (today, today),
        "yesterday": (yesterday, yesterday),
        "month": (month, today),
        "last-month": (before_month.replace(day=1), before_month),
        "year": (today.replace(month=1, day=1), today),
        "all": (date.fromisoformat(BEGAN), today),
    }.get(period) or (today - timedelta(days=int(period) - 1), today)
    return first.isoformat(), last.isoformat()


def _period(query: Mapping[str, str], today: str) -> tuple[str, str, str]:
    name = query.get("period", "")
    if not (query.get("from") or query.get("to")) or name in PERIODS:
        name = name if name in PERIODS else DEFAULT_PERIOD
        return (name, *days_of(name, date.fromisoformat(today)))
    return ("", *periods.between(query.get("from"), query.get("to"), today))


def _filters(given: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    filters: dict[str, tuple[str, ...]] = {}
    for name, value in given:
        if not value:
            continue
        if name.removeprefix(NOT) == "status" and not (value.isascii() and value.isdigit() and len(value) == 3):
            message = "a status is a number such as 404"
            raise Invalid(message, field="status")
        known = filters.get(name, ())
        if value not in known and len(known) < MAX_VALUES:
            filters[name] = (*known, value[:MAX_VALUE])
    return filters


def _one_of(value: str | None, choices: Iterable[T], default: T) -> T:
    return next((each for each in choices if each == value), default)
