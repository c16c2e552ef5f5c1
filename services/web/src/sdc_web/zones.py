"""Time zones by their IANA names: a moment as the clocks of one tell it, and what was written there as a moment."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from importlib import resources
from zoneinfo import ZoneInfo

from sdc_core import clock
from sdc_core.errors import Invalid

_PLACES = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
_KNOWN = (resources.files("tzdata") / "zones").read_text(encoding="ascii").split()
NAMES = ("UTC", *sorted(each for each in _KNOWN if each.partition("/")[0] in _PLACES))
"""UTC, then the zones that are called after a place, by name."""
_loaded: dict[str, tzinfo] = {"": UTC, "UTC": UTC}


async def load(name: str) -> bool:
    """Whether there is such a zone; from then on the functions below know it. An empty name is UTC."""
    if name not in _loaded:
        if name not in NAMES:
            return False
        _loaded[name] = await asyncio.to_thread(ZoneInfo, name)
    return True


def local(at_us: int, name: str) -> datetime:
    """The moment as the clocks of a zone that was loaded tell it; in UTC where their calendar would end before it."""
    at = clock.to_datetime(at_us)
    try:
        return at.astimezone(_loaded[name])
    except OverflowError:
        return at


def day_us(day: date, name: str) -> int:
    """When that day begins there; where clocks leave out midnight, when they are set forward."""
    return clock.from_datetime(datetime.combine(day, time(), _loaded[name]))


def short(at: datetime) -> str:
    """What the zone is called at that moment: `CET`, and where it has no letters, `UTC-03`."""
    name = at.tzname() or ""
    return f"UTC{at.isoformat()[-6:].removesuffix(':00')}" if name.startswith(("+", "-")) else name


def field(at_us: int, name: str) -> str:
    """As a field for date and time holds it, which `moment_us` reads back: the seconds only where there are any, and
    the offset only where clocks that are set back tell that time twice, or else it would be another moment.
    """
    at = local(at_us, name)
    twice = at.utcoffset() != at.replace(fold=1 - at.fold).utcoffset()
    return (at if twice else at.replace(tzinfo=None)).isoformat(timespec="seconds" if at.second else "minutes")


def moment_us(at: datetime, name: str, *, exact: bool = True) -> int:
    """What the clocks of a zone mean by a time without an offset; with one it is a moment already.

    Raises Invalid in words for a time that clocks leave out as they are set forward, and for one that they tell twice
    as they are set back, unless it need not be exact: then it is the first. OverflowError at the ends of the calendar.
    """
    if at.tzinfo is not None:
        return clock.from_datetime(at.astimezone(UTC))
    first, second = (at.replace(tzinfo=_loaded[name], fold=fold) for fold in (0, 1))
    before, after = first.utcoffset() or timedelta(), second.utcoffset() or timedelta()
    if before == after or (before > after and not exact):
        return clock.from_datetime(first.astimezone(UTC))
    place, day = name.replace("_", " "), f"{at.day} {at:%B %Y}"
    if before < after:
        later = first.astimezone(UTC).astimezone(_loaded[name])
        raise Invalid(
            f"clocks in {place} leave out {at:%H:%M} on {day}, when they are set forward: write {later:%H:%M}, "
            "or a time that they tell"
        )
    ways = [each.isoformat(timespec="minutes") for each in (first, second)]
    raise Invalid(
        f"clocks in {place} tell {at:%H:%M} twice on {day}, when they are set back: write {ways[0]} for the first, "
        f"{ways[1]} for the second"
    )
