"""What is asked of the traffic: a period and conditions, checked, and the SQL that says the same.

Conditions of one filter are alternatives, those of different filters hold together. Where visitors came from, and where
a visit began and ended, are matters of the whole visit: `source` keeps every page view of a visit that it brought.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import TypeAlias, get_args

import msgspec
from sdc_core import clock
from sdc_core.answers.analytics import NOT, FilterName, Step
from sdc_core.errors import Invalid

from sdc_worker.analytics.hits import Cell
from sdc_worker.analytics.visits import told_by

MAX_DAYS = 40 * 366
MAX_FINE_DAYS = 400
"""Of what is answered by the hour, or by page and day."""
MAX_VALUES = 20
MINUTES = 24 * 60
MINUTE_US = 60 * clock.SECOND_US
FIRST_DAY, LAST_DAY = "1970-01-01", "9000-12-31"
"""Far enough from the ends of the calendar to count days from."""
Filters: TypeAlias = Mapping[str, str | int | Sequence[str]]
"""By name, or `not-` and the name: one value or alternatives. A path that ends in `*` is all that begins with it."""
NAMES: dict[str, FilterName] = {name: name for name in get_args(FilterName)}

_OF_ROW: dict[FilterName, str] = {
    "path": "path",
    "country": "country",
    "browser": "browser",
    "os": "os",
    "device": "device",
    "status": "status",
    "bot": "bot",
    "bot_kind": "bot_kind",
    "kind": "kind",
    "type": "type",
}
_OF_VISIT: dict[FilterName, tuple[str, str]] = {
    "referrer": ("ref", "page"),
    "source": ("CASE source WHEN '' THEN 'Direct' ELSE source END", "entry"),
    "medium": ("medium", "entry"),
    "campaign": ("campaign", "entry"),
    "term": (told_by("utm_term"), "entry"),
    "content": (told_by("utm_content"), "entry"),
    "entry": ("path", "entry"),
    "exit": ("path", "exit"),
}
"""Of these a whole visit passes by one of its page views: which, and what it must be."""


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """One of the values, or with `negated` none of them."""

    name: FilterName
    values: tuple[str, ...]
    negated: bool = False


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A period of days, both inclusive, UTC, and what must hold of a request that counts. Of the last day only so many
    minutes count, all of them where `minutes` is 0. The answer may leave out what came in the last `within_s` seconds.
    """

    first: str
    last: str
    conditions: tuple[Condition, ...] = ()
    within_s: int = 0
    minutes: int = 0

    @property
    def whole(self) -> "Question":
        """The same with the whole of the last day."""
        return msgspec.structs.replace(self, minutes=0)

    @property
    def parts(self) -> "list[Question]":
        """The same as questions of whole days, and one of a part of a day: what is known of whole days lasts longer."""
        if not self.minutes:
            return [self]
        before = (date.fromisoformat(self.last) - timedelta(days=1)).isoformat()
        whole = [msgspec.structs.replace(self, last=before, minutes=0)] if self.first <= before else []
        return [*whole, msgspec.structs.replace(self, first=self.last)]

    @property
    def where(self) -> str:
        """What follows `WHERE true`. It names columns of ours and `values`, never what a caller sent."""
        until = " AND ts < $until" if self.minutes else ""
        return until + "".join(f" AND {_holds(number, each)}" for number, each in enumerate(self.conditions))

    @property
    def values(self) -> dict[str, Cell]:
        """What `where` binds."""
        midnight_us = clock.from_datetime(clock.EPOCH.fromisoformat(f"{self.last}T00:00:00+00:00"))
        until: dict[str, Cell] = {"until": midnight_us + self.minutes * MINUTE_US} if self.minutes else {}
        return until | {
            f"value_{number}_{place}": int(value)
            if each.name == "status"
            else value.removesuffix("*" * _open(each, value))
            for number, each in enumerate(self.conditions)
            for place, value in enumerate(each.values)
        }

    @property
    def keeps_visits(self) -> bool:
        """Whether a visit passes with all its page views or with none."""
        return not self.minutes and all(each.name in _OF_VISIT for each in self.conditions)

    def steps(self, by: Step) -> Iterator[str]:
        """The days, hours or months of the period."""
        day = date.fromisoformat(self.first)
        while (at := day.isoformat()) <= self.last:
            if by == "day":
                yield at
            elif by == "hour":
                yield from (f"{at}T{hour:02}:00Z" for hour in range(24))
            elif at == self.first or day.day == 1:
                yield at[:7]
            day += timedelta(days=1)

    def require_fine(self) -> None:
        """Raises Invalid for more days than are answered in so many steps."""
        if (date.fromisoformat(self.last) - date.fromisoformat(self.first)).days >= MAX_FINE_DAYS:
            message = f"by the hour, and by page and day, a period has at most {MAX_FINE_DAYS} days"
            raise Invalid(message, field="from")


def question(first: str, last: str, filters: Filters, within_s: int = 0, minutes: int = 0) -> Question:
    """A checked question. Raises Invalid for days that are none, in the wrong order or more than `MAX_DAYS`, for a
    filter that there is not, and for more minutes than a day has.
    """
    begin, end = _day(first, "from"), _day(last, "to")
    if end < begin:
        message = "the period ends before it begins"
        raise Invalid(message, field="to")
    if (end - begin).days >= MAX_DAYS:
        message = f"a period has at most {MAX_DAYS} days"
        raise Invalid(message, field="from")
    if not 0 <= minutes < MINUTES:
        message = f"a part of a day has less than {MINUTES} minutes"
        raise Invalid(message, field="minutes")
    conditions = tuple(_condition(*each) for each in filters.items())
    return Question(first=first, last=last, conditions=conditions, within_s=within_s, minutes=minutes)


def _condition(name: str, sent: str | int | Sequence[str]) -> Condition:
    bare = name.removeprefix(NOT)
    values = (str(sent),) if isinstance(sent, str | int) else tuple(sent)
    if bare not in NAMES:
        message = f"there is no filter {bare[:40]}"
        raise Invalid(message, field=bare)
    if len(values) > MAX_VALUES:
        message = f"{bare} has at most {MAX_VALUES} values"
        raise Invalid(message, field=bare)
    if bare == "status" and not all(value.isascii() and value.isdigit() and len(value) <= 3 for value in values):
        message = "status is a number"
        raise Invalid(message, field=bare)
    return Condition(name=NAMES[bare], values=values, negated=name != bare)


def _holds(number: int, each: Condition) -> str:
    names = [f"$value_{number}_{place}" for place in range(len(each.values))]
    if of_visit := _OF_VISIT.get(each.name):
        column, which = of_visit
        named = f"{column} IN ({', '.join(names)})"
        visits = f"SELECT day, visit FROM hits WHERE {which} AND {named}"  # noqa: S608 - from the closed tables above
        # With a NULL among them DuckDB would compare each with each.
        found = f"(day, coalesce(visit, -1)) IN ({visits})"
        if each.name == "referrer":
            found = f"({named} OR {found})"
    else:
        column = _OF_ROW[each.name]
        found = "(" + " OR ".join(
            f"starts_with({column}, {name})" if _open(each, value) else f"{column} = {name}"
            for name, value in zip(names, each.values, strict=True)
        ) + ")"  # fmt: skip
    return f"NOT {found}" if each.negated else found


def _open(each: Condition, value: str) -> bool:
    """Whether the value is the beginning of what it stands for."""
    return each.name == "path" and value.endswith("*")


def _day(text: str, field: str) -> date:
    try:
        parsed = date.fromisoformat(text)
    except ValueError:
        parsed = None
    if parsed is None or parsed.isoformat() != text or not FIRST_DAY <= text <= LAST_DAY:
        message = f"{field} is a day between {FIRST_DAY} and {LAST_DAY}, written YYYY-MM-DD"
        raise Invalid(message, field=field)
    return parsed
