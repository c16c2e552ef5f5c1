"""Answers that may leave out what came a moment ago wait for nothing, and otherwise say what there is."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path

import pytest
from sdc_core import clock
from sdc_core.objects import ObjectStore
from sdc_core.sqlite import Database
from sdc_worker.analytics import reports
from sdc_worker.analytics.hits import ASKED_AGAIN, Hits
from sdc_worker.analytics.questions import question
from sdc_worker.analytics.seal import seal
from sdc_worker.analytics.segments import Segments

from conftest import FreshBucket
from log_lines import day_start, fill, page_view

DAY, NEXT = "2026-03-01", "2026-03-02"
NOW_US = day_start(NEXT) + 3_600 * clock.SECOND_US
WITHIN_S = 60


@pytest.fixture
async def hits(database: Database, object_store: ObjectStore, fresh_bucket: FreshBucket, tmp_path: Path) -> Hits:
    return Hits(database, Segments(object_store, await fresh_bucket(), tmp_path / "analytics"))


async def come(database: Database, number: int, day: str = NEXT) -> None:
    """One visitor, with one page view."""
    line = page_view(day_start(day) + number * clock.SECOND_US, f"{number:016x}", f"/{number}")
    await fill(database, {day: [line]}, slot=str(number))


async def read(hits: Hits, within_s: int = WITHIN_S, last: str = NEXT) -> int:
    """Page views of both days."""
    return (await reports.summary(hits, question(DAY, last, {}, within_s))).page_views


async def at_once(*_: object) -> None:
    """In place of what works an answer out, where nobody may wait for that."""
    message = "it was worked out while somebody waited"
    raise AssertionError(message)


async def test_the_first_question_is_answered_with_all_there_is(database: Database, hits: Hits) -> None:
    await come(database, 1)
    assert await read(hits) == 1


async def test_what_came_since_is_left_out_where_it_may_be_and_nowhere_else(database: Database, hits: Hits) -> None:
    await come(database, 1)
    await read(hits, 0)
    await come(database, 2)
    assert await read(hits) == 1
    assert await read(hits, 0) == 2
    assert await read(hits) == 2


async def test_what_is_older_than_that_is_put_into_visits_first(
    database: Database, hits: Hits, monkeypatch: pytest.MonkeyPatch
) -> None:
    await come(database, 1)
    await read(hits, 0)
    await come(database, 2)
    later_us = clock.monotonic_us() + (WITHIN_S + 1) * clock.SECOND_US
    monkeypatch.setattr(clock, "monotonic_us", lambda: later_us)
    assert await read(hits) == 2


async def test_an_answer_is_as_old_as_what_it_was_worked_out_from(
    database: Database, hits: Hits, monkeypatch: pytest.MonkeyPatch
) -> None:
    began_us = clock.monotonic_us()

    def after(seconds: int) -> None:
        monkeypatch.setattr(clock, "monotonic_us", lambda: began_us + seconds * clock.SECOND_US)

    after(0)
    await come(database, 1)
    await read(hits, 0)
    await come(database, 2)
    after(WITHIN_S - 10)
    # Loads what came, and puts none of it into visits: it is of another day.
    await reports.summary(hits, question(DAY, DAY, {}))
    after(WITHIN_S - 5)
    assert await read(hits) == 1
    after(WITHIN_S + 5)
    assert await read(hits) == 2


async def test_a_day_that_nobody_asked_of_is_not_taken_for_an_empty_one(database: Database, hits: Hits) -> None:
    await come(database, 1, DAY)
    await come(database, 2)
    assert (await reports.summary(hits, question(NEXT, NEXT, {}))).page_views == 1
    assert await read(hits) == 2


async def test_nobody_waits_for_visits_that_are_being_worked_out(database: Database, hits: Hits) -> None:
    await come(database, 1)
    await read(hits, 0)
    await come(database, 2)
    loaded = hits._loaded
    assert loaded is not None
    async with asyncio.TaskGroup() as group:
        with loaded._lock:
            fresh = group.create_task(read(hits, 0))
            async with asyncio.timeout(60):
                assert await read(hits) == 1
            assert not fresh.done()
    assert fresh.result() == 2


async def test_an_engine_that_begins_anew_is_not_taken_for_all_there_is(database: Database, hits: Hits) -> None:
    await come(database, 1, DAY)
    await come(database, 2)
    await read(hits, 0)
    await come(database, 3, DAY)
    with clock.frozen(NOW_US):
        # A day is sealed while the engine has lines of it that its file has not: it forgets everything.
        segment = await hits.write(DAY, hits.segments.scratch / "some.parquet", before=None)
        async with hits.alone():
            await hits.forget(DAY, up_to=0)
    assert segment[0] == 2
    assert await read(hits) == 3


async def test_a_sealed_day_with_late_lines_is_as_it_was_and_then_as_it_is(database: Database, hits: Hits) -> None:
    await come(database, 1, DAY)
    await come(database, 2)
    with clock.frozen(NOW_US + 3 * clock.DAY_US):
        await seal(database, hits)
    assert await read(hits, 0) == 2
    await come(database, 3, DAY)
    assert (await reports.summary(hits, question(NEXT, NEXT, {}))).page_views == 1
    assert await read(hits) == 2
    assert await read(hits, 0) == 3
    assert await read(hits) == 3


async def test_a_day_sealed_with_fewer_columns_is_read_as_its_time_wrote_it(database: Database, hits: Hits) -> None:
    await come(database, 1, DAY)
    with clock.frozen(NOW_US + 3 * clock.DAY_US):
        await seal(database, hits)
    async with database.transaction() as connection:
        await connection.execute("UPDATE segments SET schema = 1")
    await reports.summary(hits, question(NEXT, NEXT, {}))
    assert await read(hits) == 1


async def test_a_day_that_is_late_twice_is_counted_anew_each_time(database: Database, hits: Hits) -> None:
    for number in range(1, 4):
        await come(database, number, DAY)
        assert await read(hits, 0, DAY) == number
        with clock.frozen(NOW_US + 3 * clock.DAY_US):
            await seal(database, hits)
        assert await read(hits, 0, DAY) == number


@pytest.fixture
async def renewed(hits: Hits, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Hits]:
    monkeypatch.setattr("sdc_worker.analytics.hits.RENEW_S", 0.01)
    async with asyncio.TaskGroup() as group:
        renewing = group.create_task(hits.renewing())
        yield hits
        renewing.cancel()
        with suppress(asyncio.CancelledError):
            await renewing


async def test_while_somebody_asks_what_came_is_there_soon(database: Database, renewed: Hits) -> None:
    await come(database, 1, DAY)
    await come(database, 2)
    assert await read(renewed, 0) == 2
    await come(database, 3)
    await come(database, 4, DAY)
    async with asyncio.timeout(60):
        while await read(renewed, 600) < 4:
            pass
    assert await read(renewed, 0) == 4


async def test_what_was_asked_is_answered_anew_before_it_is_asked_again(
    database: Database, hits: Hits, monkeypatch: pytest.MonkeyPatch
) -> None:
    await come(database, 1)
    assert await read(hits) == 1
    await come(database, 2)
    await hits._renew()
    monkeypatch.setattr("sdc_worker.analytics.hits._run", at_once)
    assert await read(hits) == 2


async def test_another_question_meanwhile_makes_nobody_wait_who_may_be_told_less(
    database: Database, hits: Hits, monkeypatch: pytest.MonkeyPatch
) -> None:
    await come(database, 1)
    assert await read(hits) == 1
    await come(database, 2)
    other = question(DAY, NEXT, {"path": "/2"})
    assert (await reports.summary(hits, other)).page_views == 1
    monkeypatch.setattr("sdc_worker.analytics.hits._run", at_once)
    assert await read(hits) == 1


async def test_no_more_is_answered_anew_than_two_pages_ask(database: Database, hits: Hits) -> None:
    await come(database, 1)
    for number in range(ASKED_AGAIN + 5):
        await reports.summary(hits, question(DAY, NEXT, {"path": f"/{number}"}, WITHIN_S))
    assert len(hits._asked) == ASKED_AGAIN


async def test_while_nobody_asks_nothing_is_worked_out(database: Database, renewed: Hits) -> None:
    await come(database, 1)
    for _ in range(20):
        await asyncio.sleep(0)
    assert renewed._loaded is None


async def test_who_is_here_is_counted_by_the_second(database: Database, hits: Hits) -> None:
    views = [page_view(NOW_US - age * clock.SECOND_US, f"{age:016x}", "/") for age in (1, 299, 301, 1_799, 1_801)]
    await fill(database, {NEXT: views})
    found = []
    for later_s in (0, 1, 2, 59):
        with clock.frozen(NOW_US + later_s * clock.SECOND_US):
            now = await reports.live(hits, WITHIN_S)
        found.append((now.visitors, sum(now.minutes)))
    assert found == [(2, 4), (1, 3), (1, 3), (1, 3)]
