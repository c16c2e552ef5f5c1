import zlib
from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec
import pytest
from sdc_core import access_log, clock, keys
from sdc_core.access_log import Line
from sdc_core.answers.analytics import Summary
from sdc_core.errors import Unavailable
from sdc_core.objects import ObjectStore, open_store
from sdc_core.sqlite import Database, fetch_value
from sdc_worker.analytics import reports, store
from sdc_worker.analytics.hits import Hits
from sdc_worker.analytics.questions import question
from sdc_worker.analytics.seal import KEPT_US, WAITED_US, seal
from sdc_worker.analytics.segments import Segments
from sdc_worker.analytics.store import Segment
from sdc_worker.ingest import store as ingest

from conftest import FreshBucket

DAY = "2026-03-01"
START_US = clock.from_datetime(clock.EPOCH.fromisoformat(f"{DAY}T00:00:00+00:00"))
NEXT_NOON_US = START_US + 3 * clock.DAY_US // 2
MINUTE_US = 60 * clock.SECOND_US
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


@pytest.fixture
async def bucket(fresh_bucket: FreshBucket) -> str:
    return await fresh_bucket()


@pytest.fixture
def hits(database: Database, object_store: ObjectStore, bucket: str, tmp_path: Path) -> Hits:
    return Hits(database, Segments(object_store, bucket, tmp_path / "analytics"))


@pytest.fixture
async def storeless(object_store: ObjectStore) -> AsyncGenerator[ObjectStore]:
    """A store that is away."""
    endpoint = msgspec.structs.replace(object_store.endpoint, url="http://127.0.0.1:9")
    async with open_store(endpoint) as store_:
        yield store_


async def commit(
    database: Database, minutes: list[int], *, slot: str = "0", day: str = DAY, closed: bool = True
) -> None:
    """One visitor's page views at those minutes of the day, as one whole stream."""
    page = Line(ts=START_US, visitor="a" * 16, path="/", status=200, bytes=7, type="text/html", ua=FIREFOX)
    lines = [msgspec.structs.replace(page, ts=START_US + minute * MINUTE_US) for minute in minutes]
    body = b"".join(map(access_log.encode, lines))
    async with database.transaction() as connection:
        packed = zlib.compress(body)
        await ingest.add_batch(connection, slot=slot, day=day, at=0, size_bytes=len(body), body=packed, whole=True)
        await ingest.advance(connection, slot=slot, day=day, at=len(body), now_us=1)
        if closed:
            await ingest.close(connection, slot=slot, day=day, sha256="", now_us=2)


async def seal_later(database: Database, hits: Hits, at_us: int = NEXT_NOON_US) -> str:
    with clock.frozen(at_us):
        return await seal(database, hits)


async def totals(hits: Hits) -> Summary:
    return await reports.summary(hits, question(DAY, DAY, {}))


async def batches(database: Database) -> int:
    async with database.read() as connection:
        return await ingest.count_batches(connection)


async def test_an_imported_file_holds_no_day_up_and_an_open_stream_of_web_does(database: Database, hits: Hits) -> None:
    await commit(database, [0, 10], slot="i" + "a" * 16, closed=False)
    assert (await seal_later(database, hits)).startswith(f"{DAY}: 2 rows")
    await commit(database, [20], slot="1", closed=False)
    assert await seal_later(database, hits) == "nothing to seal"


async def test_a_closed_day_leaves_the_database_and_counts_the_same(database: Database, hits: Hits) -> None:
    await commit(database, [0, 10, 29, 60, 700])
    before = await totals(hits)
    told = await seal_later(database, hits)
    assert told.startswith(f"{DAY}: 5 rows")
    assert (await totals(hits), await batches(database)) == (before, 0)
    assert (before.visits, before.bounces, before.duration_us) == (3, 2, 29 * MINUTE_US)


async def test_a_day_with_an_open_stream_waits_for_it(database: Database, hits: Hits) -> None:
    await commit(database, [0])
    await commit(database, [1], slot="1", closed=False)
    assert await seal_later(database, hits) == "nothing to seal"
    assert (await seal_later(database, hits, START_US + WAITED_US + 2 * clock.DAY_US)).startswith(DAY)


async def test_today_is_not_sealed(database: Database, hits: Hits) -> None:
    await commit(database, [0])
    assert await seal_later(database, hits, START_US + MINUTE_US) == "nothing to seal"


async def test_lines_that_come_late_join_the_visits_of_the_sealed_day(database: Database, hits: Hits) -> None:
    await commit(database, [0, 50])
    await seal_later(database, hits)
    assert (await totals(hits)).visits == 2
    # The gap of 50 minutes is filled by another process's file, shipped afterwards.
    await commit(database, [25], slot="1")
    joined = await totals(hits)
    assert (joined.visits, joined.page_views, joined.visitors) == (1, 3, 1)
    await seal_later(database, hits)
    assert (await totals(hits), await batches(database)) == (joined, 0)


async def stored(object_store: ObjectStore, bucket: str) -> set[str]:
    return {info.key async for info in object_store.list(bucket, keys.HITS)}


async def manifest(database: Database) -> Segment:
    async with database.read() as connection:
        (segment,) = await store.segments(connection)
    return segment


async def test_a_replaced_segment_is_deleted_once_no_backup_names_it(
    database: Database, hits: Hits, object_store: ObjectStore, bucket: str
) -> None:
    await commit(database, [0])
    await seal_later(database, hits)
    before = await manifest(database)
    await commit(database, [5], slot="1")
    await seal_later(database, hits)
    after = await manifest(database)
    both = {keys.segment(DAY, each.name) for each in (before, after)}
    assert await stored(object_store, bucket) == both
    assert await seal_later(database, hits, NEXT_NOON_US + KEPT_US - 1) == "nothing to seal"
    assert await stored(object_store, bucket) == both
    await seal_later(database, hits, NEXT_NOON_US + KEPT_US + 1)
    assert await stored(object_store, bucket) == {keys.segment(DAY, after.name)}


async def test_a_database_of_before_still_counts_the_day_that_was_sealed_again(
    database: Database, hits: Hits, object_store: ObjectStore, bucket: str, tmp_path: Path
) -> None:
    await commit(database, [0])
    await seal_later(database, hits)
    before = await manifest(database)
    await commit(database, [5], slot="1")
    await seal_later(database, hits)
    async with database.transaction() as connection:
        await store.enter(connection, before, now_us=1)
    elsewhere = Hits(database, Segments(object_store, bucket, tmp_path / "new machine"))
    assert (await totals(elsewhere)).page_views == 1
    # The day is sealed again, into the very file that was there before: that one is not replaced any more.
    await commit(database, [5], slot="2")
    await seal_later(database, elsewhere)
    await seal_later(database, elsewhere, NEXT_NOON_US + KEPT_US + 1)
    assert (await totals(Hits(database, Segments(object_store, bucket, tmp_path / "newer")))).page_views == 2


async def test_a_lost_segment_holds_no_other_day_up(
    database: Database, hits: Hits, object_store: ObjectStore, bucket: str, tmp_path: Path
) -> None:
    await commit(database, [0])
    await seal_later(database, hits)
    await object_store.delete(bucket, keys.segment(DAY, (await manifest(database)).name))
    await commit(database, [5], slot="1")
    later = "2026-03-02"
    await commit(database, [24 * 60], day=later)
    elsewhere = Hits(database, Segments(object_store, bucket, tmp_path / "new machine"))
    with pytest.raises(Unavailable, match=f"segment of {DAY} is missing"):
        await seal_later(database, elsewhere, NEXT_NOON_US + clock.DAY_US)
    async with database.read() as connection:
        assert [each.day for each in await store.segments(connection)] == [DAY, later]
    assert await batches(database) == 1


async def test_a_file_that_lost_its_end_is_fetched_again(database: Database, hits: Hits, tmp_path: Path) -> None:
    await commit(database, [0, 1])
    await seal_later(database, hits)
    before = await totals(hits)
    hits.segments.path(DAY, (await manifest(database)).name).write_bytes(b"")
    assert await totals(Hits(database, hits.segments)) == before


async def spoil(database: Database, hits: Hits) -> Hits:
    """The one sealed day is as long as it was, and no Parquet any more; an engine that has not looked at it yet."""
    segment = await manifest(database)
    hits.segments.path(DAY, segment.name).write_bytes(bytes(segment.size_bytes))
    return Hits(database, hits.segments)


async def test_a_file_that_cannot_be_read_is_told_of_in_words(database: Database, hits: Hits) -> None:
    await commit(database, [0, 1])
    await seal_later(database, hits)
    with pytest.raises(Unavailable, match=f"the statistics cannot be read: .*{DAY}"):
        await totals(await spoil(database, hits))


async def test_a_day_that_cannot_be_written_holds_no_other_day_up(database: Database, hits: Hits) -> None:
    await commit(database, [0])
    await seal_later(database, hits)
    await commit(database, [5], slot="1")
    later = "2026-03-02"
    await commit(database, [24 * 60], day=later)
    spoiled = await spoil(database, hits)
    with pytest.raises(Unavailable, match=f"{DAY} cannot be sealed"):
        await seal_later(database, spoiled, NEXT_NOON_US + clock.DAY_US)
    async with database.read() as connection:
        assert [each.day for each in await store.segments(connection)] == [DAY, later]
    assert await batches(database) == 1


async def test_while_the_store_is_away_nothing_is_dropped(
    database: Database, storeless: ObjectStore, tmp_path: Path
) -> None:
    hits = Hits(database, Segments(storeless, "analytics", tmp_path / "analytics"))
    await commit(database, [0, 1])
    with pytest.raises(Unavailable):
        await seal_later(database, hits)
    assert ((await totals(hits)).page_views, await batches(database)) == (2, 1)


async def test_an_empty_cache_is_filled_from_the_store(
    database: Database, hits: Hits, object_store: ObjectStore, bucket: str, tmp_path: Path
) -> None:
    await commit(database, [0, 1])
    await seal_later(database, hits)
    elsewhere = Hits(database, Segments(object_store, bucket, tmp_path / "new machine"))
    assert await totals(elsewhere) == await totals(hits)


async def test_a_segment_that_was_tampered_with_is_not_counted(
    database: Database, hits: Hits, object_store: ObjectStore, bucket: str, tmp_path: Path
) -> None:
    await commit(database, [0, 1])
    await seal_later(database, hits)
    async with database.read() as connection:
        (segment,) = await store.segments(connection)
    await object_store.put(bucket, keys.segment(DAY, segment.name), b"PAR1", content_type="text/plain")
    elsewhere = Hits(database, Segments(object_store, bucket, tmp_path / "new machine"))
    with pytest.raises(Unavailable, match="not the one that was sealed"):
        await totals(elsewhere)


async def test_a_segment_that_is_gone_is_named(
    database: Database, hits: Hits, object_store: ObjectStore, bucket: str, tmp_path: Path
) -> None:
    await commit(database, [0, 1])
    await seal_later(database, hits)
    async with database.read() as connection:
        (segment,) = await store.segments(connection)
    await object_store.delete(bucket, keys.segment(DAY, segment.name))
    elsewhere = Hits(database, Segments(object_store, bucket, tmp_path / "new machine"))
    with pytest.raises(Unavailable, match=f"segment of {DAY} is missing"):
        await totals(elsewhere)


async def test_of_many_days_a_new_one_costs_its_own_year(
    database: Database, hits: Hits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sdc_worker.analytics.hits.MANY_DAYS", 3)
    days = ["2022-05-01", "2022-05-02", "2023-01-01", "2024-12-31", "2025-01-01"]
    later = "2025-01-02"
    ever = question(days[0], later, {})
    for number, day in enumerate(days, 1):
        start = (clock.from_datetime(clock.EPOCH.fromisoformat(f"{day}T00:00:00+00:00")) - START_US) // MINUTE_US
        await commit(database, [start + minute for minute in range(number)], day=day)
    whole = await reports.timeseries(hits, ever, "month")
    await seal_later(database, hits)
    assert await reports.timeseries(hits, ever, "month") == whole
    assert [point.requests for point in whole.points if point.requests] == [3, 3, 4, 5]
    before = hits._kept.misses
    await reports.timeseries(hits, ever, "month")
    assert hits._kept.misses == before
    start = (clock.from_datetime(clock.EPOCH.fromisoformat(f"{later}T00:00:00+00:00")) - START_US) // MINUTE_US
    await commit(database, [start], day=later)
    await seal_later(database, hits)
    before = hits._kept.misses
    assert (await reports.timeseries(hits, ever, "month")).points[-1].requests == 6
    # The answer to the whole, and that of the last year.
    assert hits._kept.misses == before + 2


async def test_no_user_agent_is_in_a_segment(database: Database, hits: Hits) -> None:
    await commit(database, [0])
    await seal_later(database, hits)
    async with database.read() as connection:
        name = await fetch_value(connection, "SELECT name FROM segments")
    assert b"Gecko/20100101" not in hits.segments.path(DAY, str(name)).read_bytes()
