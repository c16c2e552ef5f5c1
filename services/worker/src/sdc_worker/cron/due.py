"""When a job is due, in its own zone, as microseconds."""

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from sdc_core import clock
from sdc_core.errors import Misconfigured

from sdc_worker.cron.jobs import Job

MINUTE_US = 60 * clock.SECOND_US
KEPT = 256
"""Answers that are kept. Due times are whole minutes, so within a minute they are the same: to work them out for every
job takes longer than all else that a page of jobs asks for.
"""
_SECOND = timedelta(seconds=1)


@lru_cache
def zone(name: str) -> tzinfo:
    """The zone of that IANA name. UTC needs no database of zones, which small images lack. Raises Misconfigured."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        message = f"this machine knows no time zone {name}: install tzdata"
        raise Misconfigured(message) from None


def check(job: Job) -> None:
    """Raises Misconfigured for an expression that is none or that never comes. A sixth field would mean seconds."""
    zone(job.zone)
    try:
        CronSim(job.cron, clock.now())
    except CronSimError as error:
        message = f"job {job.name} has a bad schedule {job.cron!r}: {error}"
        raise Misconfigured(message) from None
    if len(job.cron.split()) != 5:
        message = f"job {job.name} needs five fields, not {job.cron!r}"
        raise Misconfigured(message)


def words(job: Job) -> str:
    """The schedule in English, such as "At 02:30 every day"."""
    return _words(job.cron)


def next_us(job: Job, after_us: int) -> int:
    """The first due time later than that moment."""
    return upcoming_us(job, after_us, 1)[0]


def upcoming_us(job: Job, after_us: int, count: int) -> list[int]:
    """The next few due times later than that moment."""
    return [*_upcoming_us(job.cron, job.zone, after_us // MINUTE_US, count)]


def latest_us(job: Job, until_us: int, count: int = 1) -> int:
    """The last due time no later than that moment, or the last but some."""
    return _latest_us(job.cron, job.zone, until_us // MINUTE_US, count)


@lru_cache
def _words(cron: str) -> str:
    return CronSim(cron, clock.now()).explain()


@lru_cache(maxsize=KEPT)
def _upcoming_us(cron: str, zone_name: str, minute: int, count: int) -> tuple[int, ...]:
    following = CronSim(cron, _local(zone_name, minute))
    return tuple(clock.from_datetime(each) for each in islice(following, count))


@lru_cache(maxsize=KEPT)
def _latest_us(cron: str, zone_name: str, minute: int, count: int) -> int:
    """Backwards, an hour that comes twice is passed over: so it is gone farther back than needed, and then forward."""
    backwards = CronSim(cron, _local(zone_name, minute) + _SECOND, reverse=True)
    found = [clock.from_datetime(next(islice(backwards, count, None)))]
    forward = CronSim(cron, _local(zone_name, found[0] // MINUTE_US))
    while (at_us := clock.from_datetime(next(forward))) <= minute * MINUTE_US:
        found.append(at_us)
    return found[-count]


def _local(zone_name: str, minute: int) -> datetime:
    return clock.to_datetime(minute * MINUTE_US).astimezone(zone(zone_name))
