"""The address of the statistics: what it asks for, and that every link says the same again."""

from datetime import date
from urllib.parse import parse_qsl

import pytest
from msgspec.structs import replace
from sdc_core.errors import Invalid
from sdc_web.dashboard import asked
from sdc_web.dashboard.asked import PERIODS, Asked, days_of, read
from sdc_web.reports import periods

TODAY = "2026-11-24"


def again(question: Asked) -> Asked:
    """What the question's own address asks for."""
    return read(parse_qsl(question.query()), TODAY)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "period=7&compare=year&metric=bytes&part=server",
        "from=2026-02-27&to=2026-03-01&compare=none",
        "path=%2Fposts%2F%26x&path=%2Fnotes&not-country=CH&status=404&source=Hacker+News",
        "path=%3Cscript%3E&browser=%22%27%3D%0A",
    ],
)
def test_an_address_asks_for_the_same_again(query: str) -> None:
    question = read(parse_qsl(query), TODAY)
    assert again(question) == question


def test_what_is_not_asked_for_is_not_in_the_address() -> None:
    assert read([], TODAY).address() == "/author/statistics"
    assert read([("period", "30"), ("part", "overview"), ("nothing", "x")], TODAY).address() == "/author/statistics"


@pytest.mark.parametrize("name", PERIODS)
def test_every_period_ends_today_or_before_and_is_one_that_can_be_asked_for(name: str) -> None:
    first, last = days_of(name, date.fromisoformat(TODAY))
    assert first <= last <= TODAY
    assert (date.fromisoformat(last) - date.fromisoformat(first)).days < periods.MAX_DAYS


def test_the_periods_by_the_calendar_are_those_of_the_calendar() -> None:
    day = date(2026, 3, 1)
    assert days_of("last-month", day) == ("2026-02-01", "2026-02-28")
    assert days_of("month", day) == ("2026-03-01", "2026-03-01")
    assert days_of("year", day) == ("2026-01-01", "2026-03-01")
    assert days_of("7", day) == ("2026-02-23", "2026-03-01")
    assert days_of("yesterday", day) == ("2026-02-28", "2026-02-28")


def test_a_period_is_compared_with_as_many_days_before_or_a_year_before_on_the_same_weekdays() -> None:
    week = read([("from", "2026-11-16"), ("to", "2026-11-22"), ("country", "CH")], TODAY)
    before, year = week.before, replace(week, compare="year").before
    assert before is not None
    assert year is not None
    assert (before.from_day, before.to_day, before.filters) == ("2026-11-09", "2026-11-15", week.filters)
    assert (year.from_day, year.to_day) == ("2025-11-17", "2025-11-23")
    assert replace(week, compare="none").before is None
    assert read([("from", "1970-01-01"), ("to", "1970-01-07")], TODAY).before is None


def test_all_time_begins_with_the_first_line_and_is_compared_with_nothing() -> None:
    ever = read([("period", "all")], TODAY)
    since = ever.begun("2019-05-07")
    assert (since.from_day, since.to_day, since.step, since.before) == ("2019-05-07", TODAY, "month", None)
    assert (since.moved(-1, TODAY), again(since)) == (None, ever)
    # Of a site that has no line yet, or of a clock that was wrong.
    assert (ever.begun(""), ever.begun("2030-01-01")) == (ever, ever)
    assert read([("period", "7")], TODAY).begun("2019-05-07").from_day == "2026-11-18"


def test_a_step_in_time_never_leads_beyond_today() -> None:
    week = read([("from", "2026-11-16"), ("to", "2026-11-22")], TODAY)
    later, earlier = week.moved(1, TODAY), week.moved(-1, TODAY)
    assert later is not None
    assert earlier is not None
    assert (later.from_day, earlier.to_day) == ("2026-11-23", "2026-11-15")
    assert read([], TODAY).moved(1, TODAY) is None


def test_a_filter_takes_the_place_of_others_of_its_name_and_can_be_turned_round_and_removed() -> None:
    question = read([("path", "/a"), ("path", "/b"), ("not-country", "CH")], TODAY)
    assert question.having("path", "/c").filters == {"not-country": ("CH",), "path": ("/c",)}
    assert question.having("country", "DE").filters == {"path": ("/a", "/b"), "country": ("DE",)}
    assert question.turned("not-country", "CH").filters["country"] == ("CH",)
    assert question.turned("path", "/a").filters == {"path": ("/b",), "not-country": ("CH",), "not-path": ("/a",)}
    assert question.without("path", "/a").without("path", "/b").filters == {"not-country": ("CH",)}


def test_the_form_adds_a_filter_to_those_there_are() -> None:
    sent = [("path", "/a"), ("add", "browser"), ("how", "not"), ("value", "Firefox")]
    assert read(sent, TODAY).filters == {"path": ("/a",), "not-browser": ("Firefox",)}
    assert read([("add", "nothing"), ("value", "x")], TODAY).filters == {}


def test_what_is_sent_too_often_or_too_long_is_cut() -> None:
    sent = [("path", f"/{number}" + "x" * 999) for number in range(99)]
    values = read(sent, TODAY).filters["path"]
    assert (len(values), max(map(len, values))) == (asked.MAX_VALUES, asked.MAX_VALUE)


@pytest.mark.parametrize(
    "sent",
    [
        [("from", "yesterday")],
        [("from", "2026-02-30")],
        [("from", "2026-02-02"), ("to", "2026-02-01")],
        [("from", "1980-01-01")],
        [("status", "ok")],
        [("not-status", "4040")],
    ],
)
def test_what_cannot_be_asked_is_refused(sent: list[tuple[str, str]]) -> None:
    with pytest.raises(Invalid):
        read(sent, TODAY)
