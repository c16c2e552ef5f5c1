"""Filters side by side, alternatives, what is not, and the figures that are not of pages, each against plain Python."""

import random
from collections import defaultdict

import pytest
from sdc_core import clock
from sdc_core.access_log import Line
from sdc_core.answers.analytics import Dimension
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
    assert found.breakdowns == [await reports.breakdown(hits, question, each, 5) for each in ("page", "bot")]
    assert found.latency == await reports.latency(hits, question)
    assert (found.summary_before, found.live) == (await reports.summary(hits, before), await reports.live(hits))
    assert log


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
