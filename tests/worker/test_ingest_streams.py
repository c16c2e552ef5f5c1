import asyncio
import hashlib

import msgspec
import pytest
from sdc_core import clock
from sdc_core.answers.logs import Committed
from sdc_core.errors import Conflict, Invalid, Unavailable
from sdc_core.sqlite import Database, execute, fetch_all, fetch_value
from sdc_worker.db import MIGRATIONS
from sdc_worker.ingest import store, streams
from sdc_worker.ingest.lines import MAX_REJECTS
from sdc_worker.ingest.streams import MOST_WAITING, Closing, Intake

DAY = "2026-03-01"
LINE = b'{"ts":1772330511886869,"visitor":"00000000000000ff","path":"/","status":200}\n'
OTHER = b'{"ts":1772330511886870,"visitor":"00000000000000ff","path":"/other","status":200}\n'
NOW_US = clock.from_datetime(clock.EPOCH.fromisoformat("2026-03-02T12:00:00+00:00"))


class At(msgspec.Struct, frozen=True, kw_only=True):
    """Where a batch begins."""

    at: int


@pytest.fixture
def intake(database: Database) -> Intake:
    return Intake(database)


async def append(intake: Intake, at: int, body: bytes, *, slot: str = "0") -> int:
    return (await intake.append(slot=slot, day=DAY, at=at, body=body)).at


async def close(database: Database, whole: bytes, *, length: int | None = None) -> Committed:
    digest = hashlib.sha256(whole).hexdigest()
    closing = Closing(length=len(whole) if length is None else length, sha256=digest)
    return await streams.close(database, slot="0", day=DAY, closing=closing)


async def starts(database: Database) -> list[int]:
    async with database.read() as connection:
        rows = await fetch_all(connection, At, "SELECT at FROM log_batches ORDER BY id")
    return [row.at for row in rows]


async def test_a_range_at_the_end_moves_the_end(intake: Intake) -> None:
    assert await append(intake, 0, LINE) == len(LINE)
    assert await append(intake, len(LINE), OTHER) == len(LINE) + len(OTHER)


@pytest.mark.parametrize("at", [0, 5, 10_000])
async def test_any_other_offset_changes_nothing_and_is_told_the_right_one(
    intake: Intake, database: Database, at: int
) -> None:
    await append(intake, 0, LINE)
    assert await append(intake, at, OTHER) == len(LINE)
    assert await starts(database) == [0]


async def test_the_same_range_many_times_at_once_is_committed_once(intake: Intake, database: Database) -> None:
    async with asyncio.TaskGroup() as group:
        sent = [group.create_task(append(intake, 0, LINE)) for _ in range(20)]
    assert {task.result() for task in sent} == {len(LINE)}
    assert await starts(database) == [0]


async def test_slots_do_not_know_each_other(intake: Intake) -> None:
    await append(intake, 0, LINE, slot="0")
    assert await append(intake, 0, OTHER, slot="1") == len(OTHER)


async def test_a_blank_line_is_no_fault(intake: Intake, database: Database) -> None:
    """An import puts them in the place of lines that are not wanted."""
    for at, body in ((0, b"\n\n" + LINE + b"\n\n\n" + OTHER), (len(LINE) + len(OTHER) + 5, b"\n")):
        committed = await intake.append(slot="0", day=DAY, at=at, body=body)
    assert (committed.at, committed.lines) == (len(LINE) + len(OTHER) + 6, 8)
    async with database.read() as connection:
        assert await fetch_value(connection, "SELECT count(*) FROM log_rejects") == 0
        assert await fetch_value(connection, "SELECT min(whole) FROM log_batches") == 1


async def test_a_malformed_line_is_counted_where_it_stands_and_blocks_nothing(
    intake: Intake, database: Database
) -> None:
    await append(intake, 0, LINE)
    body = OTHER + b"garbage\n" + b"[" * 9_000 + b"\n" + LINE.replace(b"00ff", b"zzzz") + b"\n" + LINE
    assert await append(intake, len(LINE), body) == len(LINE) + len(body)
    async with database.read() as connection:
        assert await fetch_value(connection, "SELECT count(*) FROM log_rejects") == 3
        (first, *_) = await fetch_all(connection, At, "SELECT at FROM log_rejects ORDER BY at")
    assert first.at == len(LINE) + len(OTHER)


async def test_of_many_malformed_lines_the_last_row_counts_the_rest(intake: Intake, database: Database) -> None:
    await append(intake, 0, b"x\n" * (MAX_REJECTS + 7))
    async with database.read() as connection:
        assert await fetch_value(connection, "SELECT count(*) FROM log_rejects") == MAX_REJECTS
        unread = await store.unread(connection, first=DAY, last=DAY)
    assert unread is not None
    assert unread.lines == MAX_REJECTS + 7


async def test_a_row_of_before_counts_what_its_words_told(database: Database) -> None:
    words = "not an access log line"
    update = MIGRATIONS.joinpath("0013_counted_rejects.sql").read_text().partition(";\n")[2]
    async with database.transaction() as connection:
        for at, reason in enumerate((words, f"{words}, nor are 7 more below it")):
            await store.add_reject(connection, slot="0", day=DAY, at=at, reason=reason, lines=1)
        await execute(connection, update)
        assert await store.count_unread(connection) == 1 + 8


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"garbage\n", "JSON is malformed"),
        (b'{"path":' + b"[" * 9_000 + b"\n", "Expected `str`, got `array`"),
        (LINE.replace(b"200", b'"200"'), "Expected `int`, got `str` - at `$.status`"),
        (LINE.replace(b"/", b"\xff"), "utf-8"),
        (LINE.replace(b"00ff", b"zzzz"), "$.visitor"),
    ],
)
async def test_why_a_line_is_none_is_told_without_what_it_says(
    intake: Intake, database: Database, line: bytes, why: str
) -> None:
    await append(intake, 0, LINE + line + LINE)
    async with database.read() as connection:
        unread = await store.unread(connection, first=DAY, last=DAY)
        assert await store.unread(connection, first="2026-03-02", last="2026-03-09") is None
    assert unread is not None
    assert (unread.lines, unread.slot, unread.day, unread.at) == (1, "0", DAY, len(LINE))
    assert why.casefold() in unread.reason.casefold()
    assert "zzzz" not in unread.reason


async def test_one_more_than_may_wait_is_told_to_come_again(intake: Intake, database: Database) -> None:
    full: list[Unavailable] = []

    async def send(slot: int) -> None:
        try:
            await append(intake, 0, LINE, slot=str(slot))
        except Unavailable as error:
            full.append(error)

    async with asyncio.TaskGroup() as group:
        for slot in range(MOST_WAITING + 3):
            group.create_task(send(slot))
    assert [error.retry_after_s for error in full] == [streams.RETRY_AFTER_S] * 3
    assert len(await starts(database)) == MOST_WAITING


async def test_a_whole_day_closes_and_closes_again(intake: Intake, database: Database) -> None:
    await append(intake, 0, LINE)
    await append(intake, len(LINE), OTHER)
    closed = [await close(database, LINE + OTHER) for _ in "ab"]
    assert [each.at for each in closed] == [len(LINE + OTHER)] * 2


@pytest.mark.parametrize("whole", [LINE + OTHER, b"", OTHER[: len(LINE)]])
async def test_a_day_that_is_not_what_the_file_says_stays_open(
    intake: Intake, database: Database, whole: bytes
) -> None:
    await append(intake, 0, LINE)
    with pytest.raises(Conflict):
        await close(database, whole)
    with clock.frozen(NOW_US):
        assert [stream.closed for stream in await streams.known(database)] == [False]


async def test_a_closed_stream_that_goes_on_is_open_again(intake: Intake, database: Database) -> None:
    """A clock that was far ahead took the day for over."""
    await append(intake, 0, LINE)
    await close(database, LINE)
    assert await append(intake, 0, LINE) == len(LINE)
    assert await append(intake, len(LINE), OTHER) == len(LINE + OTHER)
    with clock.frozen(NOW_US):
        assert [stream.closed for stream in await streams.known(database)] == [False]
    with pytest.raises(Conflict):
        await close(database, LINE + LINE, length=len(LINE + OTHER))
    assert (await close(database, LINE + OTHER)).closed


async def test_a_day_without_a_line_closes_at_nothing(database: Database) -> None:
    assert (await close(database, b"")).at == 0


async def test_streams_of_the_last_90_days_are_listed(intake: Intake, database: Database) -> None:
    await append(intake, 0, LINE)
    with clock.frozen(NOW_US):
        assert [(stream.slot, stream.day, stream.at) for stream in await streams.known(database)] == [
            ("0", DAY, len(LINE))
        ]
    with clock.frozen(NOW_US + 91 * clock.DAY_US):
        assert await streams.known(database) == []


async def test_a_day_after_tomorrow_is_refused(intake: Intake) -> None:
    with clock.frozen(NOW_US - 4 * clock.DAY_US), pytest.raises(Invalid):
        await append(intake, 0, LINE)
