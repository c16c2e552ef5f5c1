"""The bar above the statistics: periods, comparisons, filters, parts and saved views, each a link to an address."""

from collections.abc import Sequence
from datetime import date
from urllib.parse import parse_qsl

import msgspec
from msgspec.structs import replace
from sdc_core.answers.analytics import NOT

from sdc_web.dashboard.asked import COMPARES, PARTS, PERIODS, Asked
from sdc_web.dashboard.kinds import FILTER_LABELS, key_label
from sdc_web.reports.saved_views import SavedView


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A choice."""

    label: str
    url: str
    current: bool = False


class Chip(msgspec.Struct, frozen=True, kw_only=True):
    """A filter in force: `turn_url` makes `is` of `is not`, `remove_url` goes without it."""

    label: str
    negated: bool
    value: str
    turn_url: str
    remove_url: str


class Hidden(msgspec.Struct, frozen=True, kw_only=True):
    """A field that a form of the page hands on."""

    name: str
    value: str


class ViewLink(msgspec.Struct, frozen=True, kw_only=True):
    """A saved view."""

    id: str
    name: str
    url: str


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """All of it; `period` and `compared` are the present choices in words."""

    period: str
    periods: list[Link]
    compared: str
    compares: list[Link]
    parts: list[Link]
    chips: list[Chip]
    filters: list[Link]
    views: list[ViewLink]
    fields: list[Hidden]
    state: list[Hidden]
    query: str
    clear_url: str
    back_url: str
    forth_url: str


def bar(asked: Asked, today: str, views: Sequence[SavedView]) -> Bar:
    """The bar for a question."""
    fields = [Hidden(name=name, value=value) for name, value in parse_qsl(asked.query())]
    earlier, later = asked.moved(-1, today), asked.moved(1, today)
    return Bar(
        period=PERIODS.get(asked.period) or _days(asked),
        periods=[
            Link(label=words, url=asked.of_period(name, today).address(), current=name == asked.period)
            for name, words in PERIODS.items()
        ],
        compared=_compared(asked),
        compares=[
            Link(label=words, url=replace(asked, compare=name).address(), current=name == asked.compare)
            for name, words in COMPARES.items()
        ],
        parts=[
            Link(label=words, url=replace(asked, part=name).address(), current=name == asked.part)
            for name, words in PARTS.items()
        ],
        chips=[_chip(asked, name, value) for name, values in asked.filters.items() for value in values],
        filters=[Link(label=words, url=name) for name, words in FILTER_LABELS.items()],
        views=[ViewLink(id=each.id, name=each.name, url=f"/author/statistics?{each.query}") for each in views],
        fields=fields,
        state=[each for each in fields if each.name not in ("period", "from", "to")],
        query=asked.query(),
        clear_url=replace(asked, filters={}).address(),
        back_url=earlier.address() if earlier else "",
        forth_url=later.address() if later else "",
    )


def _chip(asked: Asked, name: str, value: str) -> Chip:
    bare = name.removeprefix(NOT)
    return Chip(
        label=next(words for key, words in FILTER_LABELS.items() if key == bare),
        negated=name != bare,
        value=key_label(bare, value),
        turn_url=asked.turned(name, value).address(),
        remove_url=asked.without(name, value).address(),
    )


def _compared(asked: Asked) -> str:
    """In words; what is not over is compared with as much."""
    before = asked.before
    return (
        f"{COMPARES[asked.compare]}{', up to this time of day' if before.minutes else ''}"
        if before
        else COMPARES["none"]
    )


def _days(asked: Asked) -> str:
    first, last = date.fromisoformat(asked.from_day), date.fromisoformat(asked.to_day)
    told = f"{last.day} {last:%B} {last.year}"
    return told if first == last else f"{first.day} {first:%B} {first.year} to {told}"
