"""A part kept running: real child processes, short pauses."""

import asyncio
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sdc_cli import parts
from sdc_cli.parts import Part
from sdc_cli.plan import Probe, Program
from sdc_core import disk

NOWHERE = Probe("127.0.0.1", 1, "/")
MakePart = Callable[[str], Part]


@pytest.fixture
def said() -> list[str]:
    """Every line told to whoever watches."""
    return []


@pytest.fixture
def given_up() -> list[str]:
    """The reasons for which a part was given up."""
    return []


@pytest.fixture
def make_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str], given_up: list[str]) -> MakePart:
    """A part that runs a line of Python."""
    monkeypatch.setattr(parts, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(parts, "LONGEST_PAUSE_S", 0.02)

    def make(script: str) -> Part:
        command = [sys.executable, "-S", "-c", script]
        program = Program(command, ".", {}, str(tmp_path / "logs" / "part.log"), NOWHERE, signal.SIGKILL)
        return Part("part", program, 0.2, said.append, given_up.append)

    return make


async def test_a_part_that_dies_five_times_is_given_up_with_its_last_words(
    make_part: MakePart, said: list[str], given_up: list[str]
) -> None:
    async with asyncio.timeout(60):
        await make_part("import sys; sys.exit('no bread')").keep()
    assert len(given_up) == 1
    assert [line for line in said if "no bread" in line] == ["    no bread"] * 2


async def test_a_part_that_dies_on_a_full_disk_is_given_up_in_words(
    make_part: MakePart, monkeypatch: pytest.MonkeyPatch, given_up: list[str]
) -> None:
    monkeypatch.setattr(disk, "ROOM_BYTES", 1 << 60)
    async with asyncio.timeout(60):
        await make_part("import sys; sys.exit(1)").keep()
    assert given_up == [disk.WORDS]


async def test_a_part_that_has_answered_once_is_never_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str], given_up: list[str]
) -> None:
    monkeypatch.setattr(parts, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(parts, "LONGEST_PAUSE_S", 0.02)
    over = tmp_path / "over"
    script = f"import os, time\nwhile not os.path.exists({str(over)!r}): time.sleep(0.01)"

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.0 200 OK\r\n\r\n")
        writer.close()

    async with (
        asyncio.timeout(60),
        await asyncio.start_server(answer, "127.0.0.1", 0) as server,
        asyncio.TaskGroup() as group,
    ):
        probe = Probe("127.0.0.1", server.sockets[0].getsockname()[1], "/")
        program = Program(
            [sys.executable, "-S", "-c", script], ".", {}, str(tmp_path / "logs" / "part.log"), probe, signal.SIGKILL
        )
        part = Part("part", program, 0.2, said.append, given_up.append)
        kept = group.create_task(part.keep())
        await part.ready.wait()
        over.touch()
        while sum("starting it again" in line for line in said) <= parts.DEATHS:  # noqa: ASYNC110 - a list tells nobody
            await asyncio.sleep(0.01)
        await part.stop()
        await kept
    assert given_up == []


async def test_a_part_that_does_not_heed_its_stop_is_killed(
    make_part: MakePart, tmp_path: Path, given_up: list[str]
) -> None:
    part = make_part(
        "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"
    )
    log_file = tmp_path / "logs" / "part.log"
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        kept = group.create_task(part.keep())
        while not (await asyncio.to_thread(parts.size_bytes, log_file)):  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0.01)
        await part.stop()
        await kept
    assert given_up == []


async def test_a_part_that_is_stopped_while_its_program_is_being_started_does_not_run_on(make_part: MakePart) -> None:
    part = make_part("import signal; signal.pause()")
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        kept = group.create_task(part.keep())
        await asyncio.sleep(0)
        await part.stop()
        await kept


async def test_what_a_part_started_does_not_outlive_it(make_part: MakePart, tmp_path: Path) -> None:
    part = make_part(
        "import subprocess, sys; print(subprocess.Popen(['sleep', '60'], stdout=2).pid, flush=True); sys.stdin.read(); "
        "import signal; signal.pause()"
    )
    log_file = tmp_path / "logs" / "part.log"
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(part.keep())
        while not (await asyncio.to_thread(parts.size_bytes, log_file)):  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0.01)
        grandchild = int(log_file.read_text())
        await part.stop()
        while is_alive(grandchild):  # noqa: ASYNC110 - init reaps it, and tells nobody
            await asyncio.sleep(0.01)


async def test_a_program_that_is_not_there_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str], given_up: list[str]
) -> None:
    monkeypatch.setattr(parts, "FIRST_PAUSE_S", 0.01)
    program = Program(["/nowhere/weed"], ".", {}, str(tmp_path / "part.log"), NOWHERE, signal.SIGKILL)
    async with asyncio.timeout(60):
        await Part("part", program, 0.2, said.append, given_up.append).keep()
    assert "cannot be started" in " ".join(said)


def test_a_log_that_has_grown_large_is_turned_over(tmp_path: Path) -> None:
    log_file = tmp_path / "part.log"
    log_file.write_bytes(b"x" * (parts.LOG_BYTES + 1))
    parts.turn_over(log_file)
    assert not log_file.exists()
    assert (tmp_path / "part.log.1").stat().st_size == parts.LOG_BYTES + 1


def test_of_a_log_that_has_grown_huge_only_the_end_is_read(tmp_path: Path) -> None:
    log_file = tmp_path / "part.log"
    with log_file.open("wb") as file:
        file.truncate(1 << 40)
        file.seek(0, 2)
        file.write(b"\nthe last words\n")
    assert parts.tail(log_file, 0).endswith("    the last words")


def is_alive(pid: int) -> bool:
    """Whether it still runs; a dead one may stay listed until its parent looks."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"
