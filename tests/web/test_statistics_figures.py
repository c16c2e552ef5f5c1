"""The pure parts of the statistics: the picture of a course, what changed, tables that no spreadsheet calculates."""

import csv
import io
import json

import msgspec
import pytest
from sdc_core import clock
from sdc_core.answers.analytics import Batch, Breakdown, Latency, PathLatency, Point, Slice, Summary, Timeseries
from sdc_web.dashboard import asked, bars, panels
from sdc_web.dashboard.panels import Happening
from sdc_web.reports import countries, tables, timechart

TODAY = "2026-11-24"
NOW_US = clock.from_datetime(clock.EPOCH.fromisoformat("2026-11-24T12:30:00+00:00"))


def totals(visitors: int = 0, visits: int = 0, bounces: int = 0) -> Summary:
    return Summary(visitors=visitors, visits=visits, page_views=0, bounces=bounces, duration_us=0, bytes=0, requests=0)


def found(days: dict[str, int], before: dict[str, int] | None = None) -> Batch:
    """An answer with so many visitors on each day."""
    courses = [
        Timeseries(by="day", points=[Point(at=day, visitors=count) for day, count in each.items()])
        for each in (days, before or {})
    ]
    return Batch(summary=totals(), timeseries=courses[0], timeseries_before=courses[1] if before else None)


def one(key: str, **numbers: int) -> Slice:
    return Slice(**{"visitors": 0, "page_views": 0, "requests": 0, "bytes": 0, **numbers}, key=key)


@pytest.mark.parametrize(("value", "top"), [(0, 4), (3, 5), (5, 5), (11, 20), (99, 100), (101, 200), (2_400, 2_500)])
def test_an_axis_ends_at_a_round_number(value: int, top: int) -> None:
    assert timechart.nice(value) == top


def test_the_picture_has_a_column_for_each_day_and_today_is_open() -> None:
    question = asked.read([("from", "2026-11-23"), ("to", TODAY)], TODAY)
    with clock.frozen(NOW_US):
        chart = panels.course(found({"2026-11-23": 10, TODAY: 5}, {"2026-11-21": 0, "2026-11-22": 10}), question, [])
    assert chart.line == "250,6"
    assert chart.open_line == "250,6 750,123"
    assert chart.before_line == "250,240 750,6"
    assert [each.words for each in chart.columns] == ["10 visitors", "5 visitors"]
    assert [each.before_words for each in chart.columns] == ["0 before", "10 before"]
    assert chart.columns[0].url.endswith("from=2026-11-23&to=2026-11-23")
    assert chart.words == "15 visitors from 23 Nov to 24 Nov, at most 10 a day"


def test_what_has_not_begun_has_no_point() -> None:
    question = asked.read([("period", "today")], TODAY)
    hours = [Point(at=f"{TODAY}T{hour:02}:00Z", visitors=1) for hour in range(24)]
    answer = Batch(summary=totals(), timeseries=Timeseries(by="hour", points=hours))
    with clock.frozen(NOW_US):
        chart = panels.course(answer, question, [])
    assert [each.value for each in chart.columns] == [1] * 13 + [None] * 11


def test_a_year_is_drawn_by_the_week_with_every_day_in_it() -> None:
    question = asked.read([("period", "365")], TODAY)
    days = dict.fromkeys((clock.day_of(NOW_US - ago * clock.DAY_US) for ago in range(364, -1, -1)), 1)
    with clock.frozen(NOW_US):
        chart = panels.course(found(days), question, [])
    assert len(chart.columns) == 53
    assert sum(each.value or 0 for each in chart.columns) == 365
    assert chart.columns[0].label == "week of 25 Nov"


def test_what_happened_is_marked_on_its_day() -> None:
    question = asked.read([("from", "2026-11-22"), ("to", "2026-11-23")], TODAY)
    happened = [Happening(day="2026-11-23", words="Published: <b>Fog</b>")]
    with clock.frozen(NOW_US):
        chart = panels.course(found({"2026-11-22": 1, "2026-11-23": 1}), question, happened)
    assert (chart.marks, chart.columns[1].happened) == (["750"], ["Published: <b>Fog</b>"])


def test_what_happened_in_a_week_is_marked_on_it_the_newest_first() -> None:
    question = asked.read([("period", "365")], TODAY)
    days = dict.fromkeys((clock.day_of(NOW_US - ago * clock.DAY_US) for ago in range(364, -1, -1)), 1)
    happened = [Happening(day=each, words=each) for each in ("2025-11-28", "2025-11-28", "2025-11-26", "2024-11-26")]
    with clock.frozen(NOW_US):
        chart = panels.course(found(days), question, happened)
    assert chart.columns[0].happened == ["2025-11-28", "2025-11-28", "2025-11-26"]
    assert len(chart.marks) == 1


def test_totals_say_how_they_changed_and_nothing_where_they_are_not_compared() -> None:
    question = asked.read([], TODAY)
    compared = panels.figures(totals(150, 10, 5), totals(100, 10, 10), question)
    alone = panels.figures(totals(150, 10, 5), None, question)
    first = panels.figures(totals(3), totals(), question)
    assert [(each.change, each.direction) for each in compared[:4]] == [
        ("+50 %", "up"), ("±0 %", ""), ("", ""), ("\u221250 %", "down"),
    ]  # fmt: skip
    assert {each.change for each in alone} == {""}
    assert first[0].change == "new"


def test_each_row_says_how_it_changed_where_it_is_compared() -> None:
    question = asked.read([], TODAY)
    rows = [one("/a", visitors=150), one("/b", visitors=50), one("/c", visitors=7)]
    pages = Breakdown(by="page", rows=rows, total=3, before=[one("/b", visitors=100), one("/a", visitors=100)])
    compared = panels.breakdown(pages, question, may_redirect=True)
    alone = panels.breakdown(Breakdown(by="page", rows=rows, total=3), question, may_redirect=True)
    assert [each.change for each in compared.rows] == ["+50 %", "\u221250 %", "new"]
    assert (compared.compared, alone.compared) == (True, False)


def test_answer_times_say_how_they_changed() -> None:
    def times(path: str, p95_us: int) -> PathLatency:
        return PathLatency(path=path, requests=9, p50_us=1, p95_us=p95_us, p99_us=9)

    answer = msgspec.structs.replace(
        found({"2026-03-01": 1}),
        latency=Latency(rows=[times("/a", 300), times("/b", 5)]),
        latency_before=Latency(rows=[times("/a", 200)]),
    )
    assert [(each.told.path, each.change) for each in panels.latency(answer)] == [("/a", "+50 %"), ("/b", "")]


def test_a_row_filters_by_itself_and_a_page_that_is_missing_offers_a_redirect_to_those_who_may() -> None:
    question = asked.read([("country", "CH")], TODAY)
    missing = Breakdown(by="missing", rows=[one("//evil.example/x", clients=2, requests=3)], total=1)
    pages = Breakdown(by="page", rows=[one("//evil.example/x", visitors=2), one("/a", visitors=1)], total=2)
    (row,) = panels.breakdown(missing, question, may_redirect=True).rows
    (refused,) = panels.breakdown(missing, question, may_redirect=False).rows
    shown = panels.breakdown(pages, question, may_redirect=True).rows
    assert row.url == "/author/statistics?country=CH&path=%2F%2Fevil.example%2Fx"
    assert (row.redirect, refused.redirect, row.open_url) == ("//evil.example/x", "", "")
    assert [(each.open_url, each.share) for each in shown] == [("", 100), ("/a", 50)]


def test_years_have_a_point_a_month_that_leads_to_its_days() -> None:
    question = asked.read([("from", "2023-05-20"), ("to", TODAY)], TODAY)
    months = [f"{year}-{month:02}" for year in range(2023, 2027) for month in range(1, 13)][4:-1]
    answer = Batch(
        summary=totals(),
        timeseries=Timeseries(by="month", points=[Point(at=each, visitors=1, requests=2) for each in months]),
    )
    with clock.frozen(NOW_US):
        shown = panels.panel(answer, question, [Happening(day="2024-02-10", words="Noted")], may_redirect=True)
    columns = shown.chart.columns
    assert [(each.label, each.url.partition("?")[2]) for each in (columns[0], columns[9], columns[-1])] == [
        ("May 2023", "from=2023-05-20&to=2023-05-31"),
        ("Feb 2024", "from=2024-02-01&to=2024-02-29"),
        ("Nov 2026", f"from=2026-11-01&to={TODAY}"),
    ]
    assert [each.label for each in columns if each.happened] == ["Feb 2024"]
    assert (len(shown.points), shown.by, shown.points[9].url) == (43, "month", columns[9].url)
    assert shown.chart.words.endswith("at most 1 a month")


def test_a_day_that_is_not_over_is_compared_with_as_much_of_another() -> None:
    with clock.frozen(NOW_US):
        today, month, over = (asked.read([("period", name)], TODAY) for name in ("today", "30", "yesterday"))
        before = [each.before for each in (today, month, over)]
        words = [bars.bar(each, TODAY, []).compared for each in (today, over)]
    assert [each.minutes for each in before if each] == [12 * 60 + 30, 12 * 60 + 30, 0]
    assert words == ["the days before, up to this time of day", "the days before"]


def test_a_reader_of_feeds_is_no_filter_as_some_are_browsers_and_some_are_bots() -> None:
    readers = Breakdown(by="feed_reader", rows=[one("Firefox", clients=2, requests=3)], total=1)
    (row,) = panels.breakdown(readers, asked.read([], TODAY), may_redirect=True).rows
    assert row.url == ""


def test_a_country_is_told_by_its_name_and_what_is_none_as_it_is() -> None:
    assert (countries.name("CH"), countries.name("XX")) == ("Switzerland", "XX")
    assert len(countries.NAMES) == 250


HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =cmd|' /C calc'!A0", "\uff1d1+1", 'a"b,c\nd']


def test_a_file_for_spreadsheets_calculates_nothing() -> None:
    rows = [one(text, requests=number) for number, text in enumerate(HOSTILE)]
    read = list(csv.reader(io.StringIO(tables.encode(rows, "csv").decode(), newline="")))
    assert read[0][:2] == ["key", "visitors"]
    assert [line[0] for line in read[1:]] == [f"'{text}" for text in HOSTILE[:-1]] + HOSTILE[-1:]
    assert [line[3] for line in read[1:]] == [str(number) for number in range(len(HOSTILE))]


def test_a_file_for_programs_holds_every_text_as_it_is() -> None:
    assert [row["key"] for row in json.loads(tables.encode([one(text) for text in HOSTILE], "json"))] == HOSTILE
    assert tables.encode([], "csv") == b""
