import asyncio
from pathlib import Path

from sdc_core import clock
from sdc_core.write_once import write_once


async def test_of_many_at_once_one_writes_and_all_find_the_same(tmp_path: Path) -> None:
    file = tmp_path / "key"
    async with asyncio.TaskGroup() as group:
        for _ in range(16):
            group.create_task(asyncio.to_thread(write_once, file, clock.random_bytes(32)))
    assert len(file.read_bytes()) == 32
    assert await asyncio.to_thread(lambda: [each.name for each in tmp_path.iterdir()]) == ["key"]


def test_what_is_there_stays(tmp_path: Path) -> None:
    file = tmp_path / "key"
    write_once(file, b"first")
    write_once(file, b"second")
    assert file.read_bytes() == b"first"


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    write_once(tmp_path / "key", b"secret")
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
