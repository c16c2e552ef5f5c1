"""Slots: one folder of log files for each running web process, claimed by a lock that dies with the process."""

import fcntl
import os
from collections.abc import Container, Iterator
from contextlib import suppress
from datetime import date
from itertools import count
from pathlib import Path

import msgspec
from sdc_core.write_once import write_anew

SUFFIX = ".ndjson"
_LOCK = "lock"
_STREAM = ".stream"
_MOST = 100
"""Slots of one log folder: each is a process of one machine."""


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """A claimed folder; `descriptor` holds the lock until `release`."""

    name: str
    folder: Path
    descriptor: int


class LogFile(msgspec.Struct, frozen=True, kw_only=True):
    """One UTC day of one slot. `stream` is what the worker knows it by: the slot's name, unless that was taken."""

    slot: str
    day: str
    path: Path
    size_bytes: int
    stream: str

    @property
    def key(self) -> tuple[str, str]:
        """By what the worker knows it."""
        return self.stream, self.day


def claim_lowest(log_dir: Path) -> Slot:
    """Claim the lowest slot that no process holds, and with it whatever its last holder left. Blocking."""
    for number in count():
        if slot := claim(log_dir, str(number)):
            return slot
    raise AssertionError


def claim(log_dir: Path, name: str) -> Slot | None:
    """Claim one slot, or None when a process holds it. A torn last line is ended, so that the next one is whole."""
    folder = log_dir / name
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for file in files(log_dir, name):
            with suppress(FileNotFoundError):
                _end_last_line(file.path)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:
        os.close(descriptor)
        raise
    return Slot(name=name, folder=folder, descriptor=descriptor)


def release(slot: Slot) -> None:
    """Let another process have it."""
    os.close(slot.descriptor)


def names(log_dir: Path) -> list[str]:
    """Every slot there ever was, lowest first."""
    if not log_dir.is_dir():
        return []
    found = [entry.name for entry in log_dir.iterdir() if entry.name.isascii() and entry.name.isdigit()]
    return sorted(found, key=int)


def files(log_dir: Path, name: str) -> list[LogFile]:
    """The log files of a slot, oldest day first."""
    return sorted(_files(log_dir, name), key=lambda file: file.day)


def oldest_day(log_dir: Path) -> str | None:
    """The day of the oldest log file of any slot, or None when there is none."""
    return min((file.day for name in names(log_dir) for file in _files(log_dir, name)), default=None)


def keys(log_dir: Path) -> set[tuple[str, str]]:
    """What the worker knows the log files of all slots by. Blocking."""
    return {file.key for name in names(log_dir) for file in _files(log_dir, name)}


def rename_stream(file: LogFile, known: Container[tuple[str, str]]) -> LogFile | None:
    """Give a file, for good, a name at the worker that is not in `known`; None when there is none left. Blocking.

    Names above those of slots, each slot its own: processes need not agree on them. The worker takes three digits.
    """
    for hundred in range(_MOST, 10 * _MOST, _MOST):
        stream = str(hundred + int(file.slot) % _MOST)
        if (stream, file.day) not in known:
            write_anew(file.path.with_suffix(_STREAM), stream.encode())
            return msgspec.structs.replace(file, stream=stream)
    return None


def delete(file: LogFile) -> None:
    """Delete a file and what it was called. Blocking."""
    file.path.unlink(missing_ok=True)
    file.path.with_suffix(_STREAM).unlink(missing_ok=True)


def _files(log_dir: Path, name: str) -> Iterator[LogFile]:
    streams: dict[str, str] = {}
    for path in (log_dir / name).glob(f"????-??-??{_STREAM}"):
        with suppress(FileNotFoundError):
            streams[path.stem] = path.read_text()
    for path in (log_dir / name).glob(f"????-??-??{SUFFIX}"):
        day = path.name.removesuffix(SUFFIX)
        # Another process may delete what is past its time at any moment.
        with suppress(FileNotFoundError):
            if _is_day(day):
                stream = streams.get(day, name)
                yield LogFile(slot=name, day=day, path=path, size_bytes=path.stat().st_size, stream=stream)


def _is_day(text: str) -> bool:
    """The worker would refuse any other, and with it what else is asked in the same breath."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _end_last_line(path: Path) -> None:
    with path.open("r+b") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return
        file.seek(-1, os.SEEK_END)
        if file.read(1) != b"\n":
            file.write(b"\n")
