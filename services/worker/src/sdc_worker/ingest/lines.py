"""What a body of lines must be: its size, its encoding, and which of its lines are none."""

import re
from datetime import date

import msgspec
from sdc_core import access_log, clock
from sdc_core.errors import Invalid

MAX_REJECTS = 100
"""Most rejects that one range leaves a row for."""

_SLOT = re.compile(r"[0-9]{1,3}|i[0-9a-f]{16}")


class Reject(msgspec.Struct, frozen=True, kw_only=True):
    """A line that is none: where it begins in the body, in bytes, and why; it stands for so many `lines`."""

    at: int
    reason: str
    lines: int = 1


def check_slot(slot: str) -> str:
    """The name of a log slot: one to three digits, or that of an imported file. Raises Invalid."""
    if not _SLOT.fullmatch(slot):
        message = "a log slot is one to three digits, or i and sixteen hexadecimal ones"
        raise Invalid(message, field="slot")
    return slot


def check_day(day: str) -> str:
    """A day as `YYYY-MM-DD` that exists and is no later than tomorrow. Raises Invalid."""
    try:
        parsed = date.fromisoformat(day)
    except ValueError:
        parsed = None
    if parsed is None or parsed.isoformat() != day:
        message = "a day is written YYYY-MM-DD"
        raise Invalid(message, field="day")
    if day > clock.day_of(clock.now_us() + clock.DAY_US):
        message = "that day is in the future: check the clocks of both machines"
        raise Invalid(message, field="day")
    return day


def check_whole(body: bytes) -> None:
    """Raises Invalid unless the body is at least one line and ends with a newline."""
    if not body.endswith(b"\n"):
        message = "a range holds whole lines and ends with a newline"
        raise Invalid(message)


def read(raw: bytes) -> access_log.Line | str:
    """The line, or why it is none, without what it says."""
    try:
        return access_log.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        return str(error)


def rejects(body: bytes) -> list[Reject]:
    """The lines of a body that are none, blank ones left out: an import puts them in the place of what it leaves out.
    Of more than `MAX_REJECTS` the last one counted stands for the rest.
    """
    if _all_are_lines(body):
        return []
    found: list[Reject] = []
    at = more = 0
    for raw in body.removesuffix(b"\n").split(b"\n"):
        if raw and isinstance(why := read(raw), str):
            if len(found) < MAX_REJECTS:
                found.append(Reject(at=at, reason=why))
            else:
                more += 1
        at += len(raw) + 1
    if more:
        found[-1] = msgspec.structs.replace(found[-1], lines=1 + more)
    return found


def _all_are_lines(body: bytes) -> bool:
    """Whether nothing has to be looked for: nearly every body, and in a third of the time."""
    try:
        missing = body.count(b"\n") - access_log.count(body)
        return missing == 0 or missing == body.removesuffix(b"\n").split(b"\n").count(b"")
    except msgspec.DecodeError:
        return False
