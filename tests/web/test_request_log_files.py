import asyncio
from pathlib import Path

import pytest
from sdc_core import access_log, clock
from sdc_core.access_log import Line
from sdc_web.request_log import slots, writer
from sdc_web.request_log.writer import Writer

NOW_US = 1_800_000_000_000_000
DAY = clock.day_of(NOW_US)
LINE = Line(ts=NOW_US, visitor="0" * 16, path="/", status=200)


def test_each_process_has_the_lowest_free_slot(tmp_path: Path) -> None:
    first, second = slots.claim_lowest(tmp_path), slots.claim_lowest(tmp_path)
    slots.release(first)
    third = slots.claim_lowest(tmp_path)
    assert (first.name, second.name, third.name) == ("0", "1", "0")
    slots.release(second)
    slots.release(third)


def test_a_held_slot_cannot_be_claimed(tmp_path: Path) -> None:
    held = slots.claim_lowest(tmp_path)
    assert slots.claim(tmp_path, held.name) is None
    slots.release(held)


def test_a_torn_last_line_is_ended_by_the_next_process(tmp_path: Path) -> None:
    file = tmp_path / "0" / f"{DAY}.ndjson"
    file.parent.mkdir()
    file.write_bytes(b'{"ts":1}\n{"ts":2,"vis')
    slots.release(slots.claim_lowest(tmp_path))
    assert file.read_bytes() == b'{"ts":1}\n{"ts":2,"vis\n'


def test_a_whole_last_line_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "0" / f"{DAY}.ndjson"
    file.parent.mkdir()
    file.write_bytes(b'{"ts":1}\n')
    (tmp_path / "0" / "2020-01-01.ndjson").touch()
    slots.release(slots.claim_lowest(tmp_path))
    assert file.read_bytes() == b'{"ts":1}\n'


def test_files_of_other_names_are_not_log_files(tmp_path: Path) -> None:
    for name in ("2026-01-02.ndjson", "2026-01-01.ndjson", "2026-00-00.ndjson", "notes.txt", "lock"):
        (tmp_path / "0").mkdir(exist_ok=True)
        (tmp_path / "0" / name).touch()
    (tmp_path / "other").mkdir()
    assert slots.names(tmp_path) == ["0"]
    assert [file.day for file in slots.files(tmp_path, "0")] == ["2026-01-01", "2026-01-02"]
    assert slots.oldest_day(tmp_path) == "2026-01-01"


def test_a_file_that_goes_while_the_folder_is_read_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "0").mkdir()
    for day in ("2026-01-01", "2026-01-02"):
        (tmp_path / "0" / f"{day}.ndjson").touch()
    glob = Path.glob

    def retired_meanwhile(folder: Path, pattern: str) -> list[Path]:
        found = list(glob(folder, pattern))
        if pattern.endswith(".ndjson"):
            (tmp_path / "0" / "2026-01-01.ndjson").unlink()
        return found

    monkeypatch.setattr(Path, "glob", retired_meanwhile)
    assert [file.day for file in slots.files(tmp_path, "0")] == ["2026-01-02"]


async def test_a_line_goes_into_the_file_of_its_day(tmp_path: Path) -> None:
    log = Writer(tmp_path)
    log.append(LINE)
    log.append(Line(ts=NOW_US + clock.DAY_US, visitor="", path="/next", status=200))
    await log.flush()
    read = await asyncio.to_thread((tmp_path / f"{DAY}.ndjson").read_bytes)
    assert access_log.decode(read) == LINE
    assert await asyncio.to_thread((tmp_path / f"{clock.day_of(NOW_US + clock.DAY_US)}.ndjson").is_file)


async def test_a_disk_that_refuses_is_told_once_and_keeps_the_lines(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "gone"
    log = Writer(folder)
    log.append(LINE)
    await log.flush()
    await log.flush()
    assert log.error
    assert caplog.text.count("the access log cannot be written") == 1
    await asyncio.to_thread(folder.mkdir)
    log.append(LINE)
    await log.flush()
    read = await asyncio.to_thread((folder / f"{DAY}.ndjson").read_bytes)
    assert (log.error, read.count(b"\n")) == ("", 2)


async def test_lines_beyond_the_bound_are_dropped_and_counted(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    log = Writer(folder)
    bound = writer.MAX_WAITING_BYTES // len(access_log.encode(LINE))
    for _ in range(3 * bound):
        log.append(LINE)
    await asyncio.to_thread(folder.mkdir)
    await log.flush()
    written = (await asyncio.to_thread((folder / f"{DAY}.ndjson").read_bytes)).count(b"\n")
    assert log.dropped + written == 3 * bound
    assert 0 <= written - bound <= writer.BATCH


async def test_lines_that_were_only_taken_wait_too(tmp_path: Path) -> None:
    log = Writer(tmp_path)
    log.append(LINE)
    assert (log.is_empty(DAY), log.is_empty(clock.day_of(NOW_US + clock.DAY_US))) == (False, True)


async def test_a_cancelled_flush_writes_nothing_twice(tmp_path: Path) -> None:
    log = Writer(tmp_path)
    for _ in range(20_000):
        log.append(LINE)
    async with asyncio.TaskGroup() as group:
        flushing = group.create_task(log.flush())
        await asyncio.sleep(0)
        flushing.cancel()
    await log.flush()
    read = await asyncio.to_thread((tmp_path / f"{DAY}.ndjson").read_bytes)
    assert read.count(b"\n") == 20_000


async def test_a_line_that_comes_while_others_are_written_waits_for_the_next_write(tmp_path: Path) -> None:
    lines = Writer(tmp_path)
    lines.append(LINE)
    async with asyncio.TaskGroup() as group:
        group.create_task(lines.flush())
        await asyncio.sleep(0)
        lines.append(LINE)
    file = tmp_path / f"{DAY}.ndjson"
    assert (len(file.read_bytes().splitlines()), lines.is_empty(DAY)) == (1, False)
    await lines.flush()
    assert (len(file.read_bytes().splitlines()), lines.is_empty(DAY)) == (2, True)


async def test_a_full_buffer_is_written_before_its_time(tmp_path: Path) -> None:
    log = Writer(tmp_path)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(log.run())
        for _ in range(2_000):
            log.append(LINE)
        async with asyncio.timeout(60):
            await log.written.wait()
        running.cancel()
    assert log.is_empty(DAY)
