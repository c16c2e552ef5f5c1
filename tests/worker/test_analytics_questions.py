"""Filters side by side, alternatives, what is not, and the figures that are not of pages, each against plain Python."""

import random
from collections import defaultdict

import msgspec
import pytest
from sdc_core import clock
from sdc_core.access_log import Line
from sdc_core.answers.analytics import Dimension, Known
from sdc_core.errors import Invalid
from sdc_core.sqlite import Database
from sdc_worker.analytics import questions, reports
from sdc_worker.analytics.hits import Hits
from sdc_worker.analytics.questions import Question
from sdc_worker.analytics.reports import Parts
from sdc_worker.app import Parts as WorkerParts

from log_lines import CHROME, FEEDLY, FIREFOX, GPTBOT, day_start, fill, is_view, page_view

DAY = "2026-03-01"


def made(number: int) -> Line:
    """One of the ways in which a site is asked."""
    at = random.Random(number)  # noqa: S311 - the same lines each time
    path, status, kind, agent = at.choice([
        ("/posts/one", 200, "text/html", FIREFOX),
        ("/posts/two", 200, "text/html", CHROME),
        ("/notes", 200, "text/html", CHROME),
        ("/gone", 404, "text/html", FIREFOX),
        ("/feed.xml", 200, "application/atom+xml", FEEDLY),
        ("/media/1/notes.pdf", 200, "application/pdf", CHROME),
        ("/posts/one", 200, "text/html", GPTBOT),
    ])  # fmt: skip
    return Line(
        ts=day_start(DAY) + number * clock.SECOND_US,
        visitor=f"{at.randrange(60):016x}",
        path=path,
        status=status,
        type=kind,
        bytes=at.randrange(9_000),
        us=at.randrange(50_000),
        ua=agent,
        ref=at.choice(["", "", "", "news.example", "search.example"]),
        country=at.choice(["DE", "CH", ""]),
    )


@pytest.fixture
async def log(database: Database) -> list[Line]:
    lines = [made(number) for number in range(4_000)]
    await fill(database, {DAY: lines})
    return lines


@pytest.fixture
def hits(parts: WorkerParts) -> Hits:
    return parts.hits


def asked(**filters: str | list[str]) -> Question:
    """Of the day; `not_country` is written `not-country`."""
    return questions.question(DAY, DAY, {name.replace("_", "-"): value for name, value in filters.items()})


async def test_filters_hold_together_and_values_of_one_are_alternatives(log: list[Line], hits: Hits) -> None:
    found = await reports.summary(hits, asked(path=["/posts/*", "/notes"], country=["DE", "CH"], browser="Chrome"))
    expected = [line for line in log if line.path in ("/posts/two", "/notes") and line.country and line.ua == CHROME]
    assert (found.requests, found.bytes) == (len(expected), sum(line.bytes for line in expected))
    assert found.visitors == len({line.visitor for line in expected})


async def test_a_filter_can_say_what_is_not(log: list[Line], hits: Hits) -> None:
    found = await reports.summary(hits, asked(not_path="/posts/*", not_status=["404", "500"], not_country="DE"))
    expected = [
        line for line in log if not line.path.startswith("/posts/") and line.status != 404 and line.country != "DE"
    ]
    assert found.requests == len(expected)
    assert found.page_views == sum(map(is_view, expected))


@pytest.mark.parametrize("filters", [{}, {"country": "DE"}, {"source": "Direct"}])
async def test_of_the_last_day_a_part_counts_beside_whole_days(
    database: Database, hits: Hits, filters: dict[str, str]
) -> None:
    """What it comes to is what the days before and the lines of that part come to."""
    days = ["2026-02-27", "2026-02-28", DAY]
    later = {day: day_start(day) - day_start(DAY) for day in days}
    log = [msgspec.structs.replace(made(at), ts=made(at).ts + later[day]) for day in days for at in range(1_500)]
    await fill(database, {day: [line for line in log if clock.day_of(line.ts) == day] for day in days})
    part = questions.question(days[0], DAY, filters, minutes=20)
    end_us = day_start(DAY) + 20 * 60 * clock.SECOND_US
    found = await reports.summary(hits, part)
    (pages,) = await reports.breakdowns(hits, part, ["path"], 100)
    expected = [line for line in log if line.ts < end_us and filters.get("country", line.country) == line.country]
    if "source" not in filters:
        views = [line for line in expected if is_view(line)]
        assert (found.requests, found.bytes) == (len(expected), sum(line.bytes for line in expected))
        assert found.visitors == len({(clock.day_of(line.ts), line.visitor) for line in views})
        assert found.page_views == len(views) == sum(row.page_views for row in pages.rows)
    assert 0 < found.requests == sum(row.requests for row in pages.rows)
    assert found.requests < (await reports.summary(hits, part.whole)).requests


async def test_term_and_content_of_a_campaign_are_those_of_the_visit(database: Database, hits: Hits) -> None:
    queries = [
        "utm_source=letter&utm_term=green+tea&utm_content=top",
        "utm_term=%E8%8C%B6",
        "utm_term=%zz%C3%28",
        "my_utm_term=no",
        "utm_term=",
        "",
    ]
    start = day_start(DAY)
    lines = [
        msgspec.structs.replace(page_view(start, f"{at:016x}", "/"), query=query) for at, query in enumerate(queries)
    ]
    await fill(database, {DAY: [*lines, page_view(start + 1, f"{0:016x}", "/then")]})
    terms, contents = await reports.breakdowns(hits, asked(), ("term", "content"), 10)
    assert {row.key for row in terms.rows} == {"green tea", "\u8336", "%zz%C3%28"}
    assert [(row.key, row.visits) for row in contents.rows] == [("top", 1)]
    assert (await reports.summary(hits, asked(term="green tea", content="top"))).page_views == 2
    assert (await reports.summary(hits, asked(not_term="green tea"))).page_views == 5


async def test_sound_and_films_are_downloads_too(database: Database, hits: Hits) -> None:
    made = [("/a.mp3", "audio/mpeg", 206), ("/b.mp4", "video/mp4", 200), ("/c.mp4", "video/mp4", 404)]
    await fill(
        database,
        {
            DAY: [
                Line(ts=day_start(DAY), visitor="1" * 16, path=path, status=status, type=kind, ua=FIREFOX)
                for path, kind, status in made
            ]
        },
    )
    assert {row.key for row in (await reports.breakdown(hits, asked(), "download", 10)).rows} == {"/a.mp3", "/b.mp4"}


async def test_what_bots_ask_for_in_vain_stands_apart(database: Database, hits: Hits) -> None:
    made = [("1", "/wp-login.php", CHROME), ("2", "/old", CHROME), ("3", "/old", GPTBOT), ("4", "/older", GPTBOT)]
    lines = [
        Line(ts=day_start(DAY), visitor=who * 16, path=path, status=404, type="text/html", ua=agent)
        for who, path, agent in made
    ]
    await fill(database, {DAY: lines})
    people, bots = await reports.breakdowns(hits, asked(), ("missing", "missing_bots"), 10)
    assert [(row.key, row.clients) for row in people.rows] == [("/old", 1)]
    assert [row.key for row in bots.rows] == ["/old", "/older", "/wp-login.php"]


async def test_what_is_tried_on_every_site_crowds_out_nothing_that_people_meant(database: Database, hits: Hits) -> None:
    tried = [f"/{number}/{name}" for number in range(9) for name in ("login.asp", "x.PHP", ".env", "db.sql")]
    made = [
        *((f"{number:016x}", path) for number, path in enumerate(tried)),
        ("f" * 16, "/old"),
        ("e" * 16, "/rss.xml"),
    ]
    lines = [
        Line(ts=day_start(DAY), visitor=who, path=path, status=404, type="text/html", ua=CHROME) for who, path in made
    ]
    await fill(database, {DAY: lines})
    people, programs = await reports.breakdowns(hits, asked(), ("missing", "missing_bots"), 5)
    assert [row.key for row in people.rows] == ["/old", "/rss.xml"]
    assert programs.total == len(tried)


async def test_years_are_told_by_the_month(database: Database, hits: Hits) -> None:
    """Each month is the sum of its days, also where visitors come again; months without lines are there."""
    at = random.Random(5)  # noqa: S311 - the same lines each time
    days = [f"{year}-{month:02}-{day:02}" for year in (2019, 2020, 2022) for month in (1, 2, 12) for day in (1, 9, 28)]
    log = {
        day: [page_view(day_start(day) + at.randrange(clock.DAY_US), f"{at.randrange(9):016x}", "/") for _ in range(40)]
        for day in days
    }
    await fill(database, log)
    period = questions.question("2019-01-09", "2022-12-09", {})
    found = {point.at: point for point in (await reports.timeseries(hits, period, "month")).points}
    by_day = (await reports.timeseries(hits, period, "day")).points
    assert len(found) == 48
    assert (found["2021-06"].requests, found["2019-01"].requests) == (0, 80)
    for month, point in found.items():
        inside = [each for each in by_day if each.at.startswith(month)]
        for name in ("visitors", "visits", "page_views", "requests", "bytes"):
            assert getattr(point, name) == sum(getattr(each, name) for each in inside)
        expected = {(day, line.visitor) for day in log if day.startswith(month) for line in log[day]}
        if month not in ("2019-01", "2022-12"):
            assert point.visitors == len(expected)
    assert (await reports.known(hits)) == Known(first="2019-01-01", last="2022-12-28")


async def test_no_line_is_known_of_at_first(hits: Hits) -> None:
    assert await reports.known(hits) == Known()


async def test_a_period_compared_with_is_cut_and_its_course_is_whole(log: list[Line], hits: Hits) -> None:
    before = questions.question(DAY, DAY, {}, minutes=10)
    found = await reports.batch(hits, asked(), before, Parts(step="hour", dimensions=["path"]))
    cut = [line for line in log if line.ts < day_start(DAY) + 600 * clock.SECOND_US]
    assert found.summary_before
    assert found.timeseries_before
    assert found.summary_before.requests == len(cut)
    assert sum(row.requests for row in found.breakdowns[0].before or []) == len(cut)
    assert sum(point.requests for point in found.timeseries_before.points) == len(log)


@pytest.mark.parametrize("minutes", [-1, 1_440])
def test_a_day_has_no_more_minutes(minutes: int) -> None:
    with pytest.raises(Invalid, match="minutes"):
        questions.question(DAY, DAY, {}, minutes=minutes)


async def test_a_filter_by_referrer_keeps_the_whole_visit(database: Database, hits: Hits) -> None:
    start = day_start(DAY)
    first = page_view(start, "1" * 16, "/", "news.example")
    then = page_view(start + 60 * clock.SECOND_US, "1" * 16, "/a")
    other = page_view(start, "2" * 16, "/a")
    await fill(database, {DAY: [first, then, other]})
    came = await reports.breakdown(hits, asked(referrer="news.example"), "page", 10)
    rest = await reports.breakdown(hits, asked(not_referrer="news.example"), "page", 10)
    assert [(row.key, row.page_views) for row in came.rows] == [("/", 1), ("/a", 1)]
    assert [(row.key, row.page_views) for row in rest.rows] == [("/a", 1)]


async def test_a_source_is_that_of_the_whole_visit(database: Database, hits: Hits) -> None:
    start = day_start(DAY)
    came = [page_view(start, "1" * 16, "/", "news.ycombinator.com"), page_view(start + 1_000_000, "1" * 16, "/a")]
    await fill(database, {DAY: [*came, page_view(start, "2" * 16, "/a")]})
    sources = await reports.breakdown(hits, asked(), "source", 10)
    begun = await reports.breakdown(hits, asked(), "entry", 10)
    (page, *_), direct = [
        (await reports.breakdown(hits, asked(source=name), "page", 10)).rows for name in ("Hacker News", "Direct")
    ]
    assert {(row.key, row.visits, row.bounces) for row in sources.rows} == {("Hacker News", 1, 0), ("Direct", 1, 1)}
    assert [(row.key, row.visits) for row in begun.rows] == [("/", 1), ("/a", 1)]
    assert (page.key, [row.key for row in direct]) == ("/", ["/a"])
    assert (await reports.summary(hits, asked(entry="/"))).page_views == 2
    assert (await reports.summary(hits, asked(not_exit="/a"))).visits == 0


@pytest.mark.parametrize(
    ("by", "path"), [("missing", "/gone"), ("feed", "/feed.xml"), ("download", "/media/1/notes.pdf")]
)
async def test_what_is_no_page_is_counted_by_who_asked(log: list[Line], hits: Hits, by: Dimension, path: str) -> None:
    (row,) = (await reports.breakdown(hits, asked(), by, 10)).rows
    expected = [line for line in log if line.path == path]
    assert (row.key, row.requests, row.page_views) == (path, len(expected), 0)
    assert row.clients == len({line.visitor for line in expected}) * (38 if by == "feed" else 1)


async def test_what_readers_of_feeds_and_crawlers_take_is_named(log: list[Line], hits: Hits) -> None:
    (reader,) = (await reports.breakdown(hits, asked(), "feed_reader", 10)).rows
    (crawled,) = (await reports.breakdown(hits, asked(), "crawled", 10)).rows
    assert (reader.key, reader.requests) == ("feedly", sum(line.ua == FEEDLY for line in log))
    assert (crawled.key, crawled.requests) == ("/posts/one", sum(line.ua == GPTBOT for line in log))


async def test_the_heaviest_come_first(log: list[Line], hits: Hits) -> None:
    found = await reports.breakdown(hits, asked(), "heavy", 3)
    sent: dict[str, int] = defaultdict(int)
    for line in log:
        sent[line.path] += line.bytes
    assert [(row.key, row.bytes) for row in found.rows] == sorted(sent.items(), key=lambda each: -each[1])[:3]
    assert found.total == len(sent)


async def test_a_batch_is_its_parts(log: list[Line], hits: Hits) -> None:
    question, before = asked(country="DE"), questions.question("2026-02-28", "2026-02-28", {"country": "DE"})
    parts = Parts(step="hour", dimensions=("page", "bot"), limit=5, latency=True, live=True)
    found = await reports.batch(hits, question, before, parts)
    assert found.summary == await reports.summary(hits, question)
    assert found.timeseries == await reports.timeseries(hits, question, "hour")
    assert found.breakdowns == [await reports.breakdown(hits, question, each, 5, before) for each in ("page", "bot")]
    assert found.latency == await reports.latency(hits, question)
    assert found.latency_before == await reports.latency(hits, before)
    assert (found.summary_before, found.live) == (await reports.summary(hits, before), await reports.live(hits))
    assert log


async def test_a_batch_tells_the_pages_read_most_where_there_is_no_filter(log: list[Line], hits: Hits) -> None:
    parts = Parts(step="day", pages=3)
    assert (await reports.batch(hits, asked(), None, parts)).pages == await reports.pages(hits, asked(), "", 3)
    assert (await reports.batch(hits, asked(), None, Parts(step="day"))).pages is None
    with pytest.raises(Invalid):
        await reports.batch(hits, asked(country="DE"), None, parts)
    assert log


async def test_a_row_stands_beside_what_it_came_to_before(database: Database, hits: Hits) -> None:
    def of(day: str, *paths: str) -> list[Line]:
        return [page_view(day_start(day) + at, f"{at:016x}", path) for at, path in enumerate(paths)]

    await fill(database, {"2026-02-28": of("2026-02-28", "/a", "/old", "/a"), DAY: of(DAY, "/a", "/new")})
    before = questions.question("2026-02-28", "2026-02-28", {})
    found = await reports.breakdown(hits, asked(), "page", 1_000, before)
    assert [(row.key, row.visitors) for row in found.rows] == [("/a", 1), ("/new", 1)]
    assert found.before is not None
    assert [(row.key, row.visitors) for row in found.before] == [("/a", 2)]
    assert (await reports.breakdown(hits, asked(), "page", 1_000)).before is None


async def test_the_last_half_hour_is_told_by_the_minute(database: Database, hits: Hits) -> None:
    now_us = day_start(DAY) + 3_600 * clock.SECOND_US
    ages = [(1, "/a"), (59, "/a"), (61, "/b"), (29 * 60 + 1, "/c"), (31 * 60, "/d")]
    lines = [page_view(now_us - age * clock.SECOND_US, f"{age:016x}", path) for age, path in ages]
    await fill(database, {DAY: lines})
    with clock.frozen(now_us):
        found = await reports.live(hits)
    assert (found.minutes[-1], found.minutes[-2], found.minutes[0], sum(found.minutes)) == (2, 1, 1, 4)
    assert [(page.path, page.visitors) for page in found.pages] == [("/a", 2), ("/b", 1)]


@pytest.mark.parametrize(
    "filters",
    [{"nothing": "x"}, {"status": "ok"}, {"not-status": "12345"}, {"country": ["x"] * 21}, {"not-not-path": "/"}],
)
def test_a_filter_that_there_is_not_is_refused(filters: dict[str, str | list[str]]) -> None:
    with pytest.raises(Invalid):
        questions.question(DAY, DAY, filters)
