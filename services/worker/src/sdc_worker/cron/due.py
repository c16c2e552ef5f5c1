"""When a job is due, in its own zone, as microseconds."""

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from sdc_core import clock
from sdc_core.errors import Misconfigured

from sdc_worker.cron.jobs import Job

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
    return CronSim(job.cron, clock.now()).explain()


def next_us(job: Job, after_us: int) -> int:
    """The first due time later than that moment."""
    return clock.from_datetime(next(CronSim(job.cron, _local(job, after_us))))


def upcoming_us(job: Job, after_us: int, count: int) -> list[int]:
    """The next few due times later than that moment."""
    return [clock.from_datetime(each) for each in islice(CronSim(job.cron, _local(job, after_us)), count)]


def latest_us(job: Job, until_us: int, count: int = 1) -> int:
    """The last due time no later than that moment, or the last but some.

    Backwards, an hour that comes twice is passed over: so it is gone farther back than needed, and then forward.
    """
    just_after = _local(job, until_us).replace(microsecond=0) + _SECOND
    backwards = CronSim(job.cron, just_after, reverse=True)
    found = [clock.from_datetime(next(islice(backwards, count, None)))]
    while (at_us := next_us(job, found[-1])) <= until_us:
        found.append(at_us)
    return found[-count]


def _local(job: Job, at_us: int) -> datetime:
    return clock.to_datetime(at_us).astimezone(zone(job.zone))
