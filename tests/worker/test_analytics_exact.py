"""Exactness: an oracle in plain Python, which shares no code with the SQL, against it on a seeded log."""

import asyncio
import itertools
import random
from collections import defaultdict

import msgspec
import pytest
from sdc_core import clock
from sdc_core.access_log import Line
from sdc_core.answers.analytics import Summary
from sdc_core.errors import Unavailable
from sdc_core.sqlite import Database
from sdc_worker.analytics import reports
from sdc_worker.analytics.hits import Hits
from sdc_worker.analytics.questions import Question, question
from sdc_worker.analytics.visits import SQL_HITS
from sdc_worker.app import Parts

from log_lines import AGENTS, CHROME, FIREFOX, GPTBOT, day_start, fill, is_view

DAYS = ("2026-03-01", "2026-03-02", "2026-03-03")
GAP_US = 30 * 60 * clock.SECOND_US
LINES = 20_000


def made_log() -> dict[str, list[Line]]:
    """Lines by day: visitors with bursts and pauses about as long as the gap, bots, assets, the author, failures."""
    dice = random.Random(20261124)  # noqa: S311 - the same log each time
    days: dict[str, list[Line]] = {day: [] for day in DAYS}
    while sum(map(len, days.values())) < LINES:
        day = dice.choice(DAYS)
        start = day_start(day)
        visitor = f"{dice.getrandbits(64) if dice.random() < 0.7 else dice.randrange(40):016x}"
        agent = dice.choice(list(AGENTS)[:5])
        at = start + dice.randrange(clock.DAY_US)
        for _ in range(dice.randrange(1, 8)):
            days[day].append(made_line(dice, at, visitor, agent))
            at += dice.choice([0, 1, clock.SECOND_US, GAP_US - 1, GAP_US, GAP_US + 1, dice.randrange(2 * GAP_US)])
            if at >= start + clock.DAY_US:
                break
    for lines in days.values():
        dice.shuffle(lines)
    return days


def made_line(dice: random.Random, at: int, visitor: str, agent: str) -> Line:
    return Line(
        ts=at,
        visitor=visitor,
        method=dice.choice(["GET"] * 8 + ["POST", "HEAD"]),
        path=dice.choice(["/", "/posts/one", "/posts/two", "/author", "/author/posts", "/authors", "/preview/"]),
        status=dice.choice([200] * 6 + [304, 301, 404, 500]),
        bytes=dice.randrange(50_000),
        us=dice.randrange(1, 900_000),
        type=dice.choice(["text/html"] * 5 + ["text/css", ""]),
        ref=dice.choice(["", "", "example.org", "news.example"]),
        ua=agent,
        country=dice.choice(["DE", "CH", ""]),
    )


def oracle(days: dict[str, list[Line]]) -> Summary:
    """The totals, counted visitor by visitor."""
    by_visitor: dict[tuple[str, str], list[int]] = defaultdict(list)
    for day, lines in days.items():
        for line in lines:
            if is_view(line):
                by_visitor[day, line.visitor].append(line.ts)
    visits: list[list[int]] = []
    for times in by_visitor.values():
        times.sort()
        visits.append([times[0]])
        for before, at in itertools.pairwise(times):
            if at - before > GAP_US:
                visits.append([])
            visits[-1].append(at)
    everything = [line for lines in days.values() for line in lines]
    return Summary(
        visitors=len(by_visitor),
        visits=len(visits),
        page_views=sum(map(len, visits)),
        bounces=sum(len(visit) == 1 for visit in visits),
        duration_us=sum(visit[-1] - visit[0] for visit in visits),
        bytes=sum(line.bytes for line in everything),
        requests=len(everything),
    )


@pytest.fixture
async def log(database: Database) -> dict[str, list[Line]]:
    days = made_log()
    await fill(database, days)
    return days


@pytest.fixture
def hits(parts: Parts) -> Hits:
    return parts.hits


def all_days() -> Question:
    return question(DAYS[0], DAYS[-1], {})


@pytest.mark.parametrize("filters", [{}, {"not-path": "/nowhere"}, {"not-source": "nowhere"}], ids=str)
async def test_the_totals_equal_the_oracle_whichever_way_visits_are_counted(
    log: dict[str, list[Line]], hits: Hits, filters: dict[str, str]
) -> None:
    assert await reports.summary(hits, question(DAYS[0], DAYS[-1], filters)) == oracle(log)


async def test_each_day_of_the_course_equals_the_oracle(log: dict[str, list[Line]], hits: Hits) -> None:
    course = await reports.timeseries(hits, question("2026-02-28", "2026-03-04", {}), "day")
    counted = [(each.visitors, each.visits, each.page_views, each.requests, each.bytes) for each in course.points]
    expected = [oracle({day: lines}) for day, lines in log.items()]
    assert counted == [
        (0, 0, 0, 0, 0),
        *((each.visitors, each.visits, each.page_views, each.requests, each.bytes) for each in expected),
        (0, 0, 0, 0, 0),
    ]


async def test_the_hours_of_the_course_add_up_to_the_page_views(log: dict[str, list[Line]], hits: Hits) -> None:
    course = await reports.timeseries(hits, all_days(), "hour")
    expected = [0] * 24 * len(DAYS)
    for day, lines in log.items():
        for line in filter(is_view, lines):
            expected[DAYS.index(day) * 24 + (line.ts - day_start(day)) // (3600 * clock.SECOND_US)] += 1
    assert [point.page_views for point in course.points] == expected
    assert course.points[25].at == "2026-03-02T01:00Z"


async def test_filters_add_up_and_are_bound(log: dict[str, list[Line]], hits: Hits) -> None:
    asked = question(DAYS[0], DAYS[-1], {"path": "/posts/one", "country": "DE", "status": 200})
    matching = [
        line
        for lines in log.values()
        for line in lines
        if (line.path, line.country, line.status) == ("/posts/one", "DE", 200)
    ]
    found = await reports.summary(hits, asked)
    assert (found.requests, found.page_views) == (len(matching), sum(map(is_view, matching)))
    hostile = question(DAYS[0], DAYS[-1], {"path": "' OR 1=1 --"})
    assert (await reports.summary(hits, hostile)).requests == 0


async def test_a_filtered_visit_counts_once_and_with_its_whole_duration(database: Database, hits: Hits) -> None:
    start = day_start(DAYS[0])
    page = Line(ts=start, visitor="0" * 16, path="/", status=200, type="text/html", ua=CHROME)
    views = [(0, "/"), (60, "/a"), (120, "/a"), (180, "/b")]
    lines = [msgspec.structs.replace(page, ts=start + at * clock.SECOND_US, path=path) for at, path in views]
    await fill(database, {DAYS[0]: lines})
    found = await reports.summary(hits, question(DAYS[0], DAYS[0], {"path": "/a"}))
    assert (found.visits, found.page_views, found.bounces) == (1, 2, 0)
    assert found.duration_us == 180 * clock.SECOND_US


async def test_paths_by_visitors_equal_the_oracle(log: dict[str, list[Line]], hits: Hits) -> None:
    visitors: dict[str, set[tuple[str, str]]] = defaultdict(set)
    requests: dict[str, int] = defaultdict(int)
    for day, lines in log.items():
        for line in lines:
            requests[line.path] += 1
            if is_view(line):
                visitors[line.path].add((day, line.visitor))
    found = await reports.breakdown(hits, all_days(), "path", 100)
    assert {row.key: (row.visitors, row.requests) for row in found.rows} == {
        path: (len(visitors[path]), count) for path, count in requests.items()
    }
    assert [row.visitors for row in found.rows] == sorted((row.visitors for row in found.rows), reverse=True)


async def test_pages_by_day_equal_the_oracle(log: dict[str, list[Line]], hits: Hits) -> None:
    views: dict[str, list[int]] = defaultdict(lambda: [0] * len(DAYS))
    for day, lines in log.items():
        for line in filter(is_view, lines):
            views[line.path][DAYS.index(day)] += 1
    found = await reports.pages(hits, all_days(), "", 100)
    (one, other, *_) = views
    asked = await reports.pages(hits, all_days(), f"{one}\n/nowhere\n{other}", 100)
    assert {row.path: row.days for row in found.rows} == views
    assert [row.page_views for row in found.rows] == sorted(map(sum, views.values()), reverse=True)
    assert {row.path: row.days for row in asked.rows} == {one: views[one], other: views[other]}
    assert [row.path for row in (await reports.pages(hits, all_days(), "", 1)).rows] == [found.rows[0].path]


async def test_pages_without_days_are_one_question_whichever_are_told_of(
    log: dict[str, list[Line]], hits: Hits
) -> None:
    views: dict[str, int] = defaultdict(int)
    for line in filter(is_view, (line for lines in log.values() for line in lines)):
        views[line.path] += 1
    (one, other, *_) = views
    found = await reports.pages(hits, all_days(), f"{one}\n/nowhere", 100, by_day=False)
    assert [(row.path, row.page_views, row.days) for row in found.rows] == [(one, views[one], [])]
    worked_out = _worked_out(hits)
    found = await reports.pages(hits, all_days(), f"/nowhere\n{other}", 100, by_day=False)
    assert [(row.path, row.page_views) for row in found.rows] == [(other, views[other])]
    assert _worked_out(hits) == worked_out
    told = await reports.pages(hits, all_days(), "", 100, by_day=False)
    assert {row.path: row.page_views for row in told.rows} == views


def _worked_out(hits: Hits) -> list[str]:
    """How many answers were not kept, as it is told."""
    return [str(family) for family in hits.figures() if "misses" in str(family)]


async def test_every_visit_has_one_entry_and_one_exit(log: dict[str, list[Line]], hits: Hits) -> None:
    expected = oracle(log).visits
    for by in ("entry", "exit"):
        found = await reports.breakdown(hits, all_days(), by, 100)
        assert sum(row.page_views for row in found.rows) == expected


async def test_bots_are_kept_by_name_and_are_no_visitors(log: dict[str, list[Line]], hits: Hits) -> None:
    found = await reports.breakdown(hits, all_days(), "bot", 10)
    expected = {"gptbot": GPTBOT, "curl": "curl/8.5"}
    assert {row.key: row.requests for row in found.rows} == {
        name: sum(line.ua == agent for lines in log.values() for line in lines) for name, agent in expected.items()
    }
    assert {row.visitors for row in found.rows} == {0}


async def test_percentiles_are_exact(log: dict[str, list[Line]], hits: Hits) -> None:
    found = await reports.latency(hits, question(DAYS[0], DAYS[-1], {"path": "/posts/two"}))
    taken = sorted(
        line.us for lines in log.values() for line in lines if line.path == "/posts/two" and line.type == "text/html"
    )
    (row,) = found.rows
    assert row.requests == len(taken)
    assert row.p50_us == taken[-(-len(taken) // 2) - 1]
    assert row.p95_us == taken[-(-len(taken) * 95 // 100) - 1]


async def test_what_comes_later_is_in_the_next_answer(
    log: dict[str, list[Line]], database: Database, hits: Hits
) -> None:
    before = await reports.summary(hits, all_days())
    await fill(database, {DAYS[0]: log[DAYS[0]][:1]}, slot="1")
    assert (await reports.summary(hits, all_days())).requests == before.requests + 1


async def test_a_question_that_takes_too_long_is_stopped_and_the_next_is_answered(
    log: dict[str, list[Line]], hits: Hits, monkeypatch: pytest.MonkeyPatch
) -> None:
    join = "SELECT sum(a.bytes * b.us % 7) FROM hits a, hits b, hits c WHERE a.ts + b.ts > c.ts"
    await reports.summary(hits, all_days())
    with monkeypatch.context() as patch:
        patch.setattr("sdc_worker.analytics.hits.QUERY_S", 0.3)
        with pytest.raises(Unavailable):
            await hits.query(f"WITH {SQL_HITS} {join}", {}, first=DAYS[0], last=DAYS[-1])
    assert await reports.summary(hits, all_days()) == oracle(log)


async def test_questions_side_by_side_are_answered_alike(log: dict[str, list[Line]], hits: Hits) -> None:
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(reports.summary(hits, all_days())) for _ in range(6)]
    assert {msgspec.json.encode(task.result()) for task in asked} == {msgspec.json.encode(oracle(log))}


async def test_live_counts_the_last_five_minutes(database: Database, hits: Hits) -> None:
    now_us = day_start("2026-03-02") + 60 * clock.SECOND_US
    page = Line(ts=0, visitor="f" * 16, path="/", status=200, type="text/html", ua=FIREFOX)
    ages = {DAYS[0]: [301, 299, 61], DAYS[1]: [59, 0]}
    days = {
        day: [msgspec.structs.replace(page, ts=now_us - age * clock.SECOND_US) for age in each]
        for day, each in ages.items()
    }
    await fill(database, days)
    with clock.frozen(now_us):
        found = await reports.live(hits)
    assert (found.visitors, found.page_views) == (2, 4)
