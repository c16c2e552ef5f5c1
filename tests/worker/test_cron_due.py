from datetime import UTC, datetime

import pytest
from sdc_core import clock
from sdc_core.errors import Misconfigured
from sdc_worker.cron import due
from sdc_worker.cron.jobs import Job, JobContext


async def nothing(_: JobContext) -> str:
    return ""


def job(cron: str, zone: str = "UTC") -> Job:
    return Job(name="test", help="", cron=cron, zone=zone, action=nothing)


def us(text: str) -> int:
    return clock.from_datetime(datetime.fromisoformat(text).replace(tzinfo=UTC))


def words(at_us: int) -> str:
    return f"{clock.to_datetime(at_us):%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("cron", "zone", "at", "latest", "after"),
    [
        ("* * * * *", "UTC", "2026-03-01T10:00:00", "2026-03-01 10:00", "2026-03-01 10:01"),
        ("* * * * *", "UTC", "2026-03-01T10:00:00.000001", "2026-03-01 10:00", "2026-03-01 10:01"),
        ("* * * * *", "UTC", "2026-03-01T09:59:59.999999", "2026-03-01 09:59", "2026-03-01 10:00"),
        ("30 2 * * *", "UTC", "2026-03-01T02:29:00", "2026-02-28 02:30", "2026-03-01 02:30"),
        ("*/10 * * * *", "UTC", "2026-12-31T23:55:00", "2026-12-31 23:50", "2027-01-01 00:00"),
        # 02:30 does not exist on 29 March in Zurich: it comes at 03:00, which is 01:00 UTC.
        ("30 2 * * *", "Europe/Zurich", "2026-03-29T00:30:00", "2026-03-28 01:30", "2026-03-29 01:00"),
        # 02:30 exists twice on 25 October: it comes once.
        ("30 2 * * *", "Europe/Zurich", "2026-10-25T00:45:00", "2026-10-25 00:30", "2026-10-26 01:30"),
    ],
)
def test_due_times_before_and_after_a_moment(cron: str, zone: str, at: str, latest: str, after: str) -> None:
    asked = job(cron, zone)
    assert words(due.latest_us(asked, us(at))) == latest
    assert words(due.next_us(asked, us(at))) == after


@pytest.mark.parametrize("cron", ["0 0 31 2 *", "* * * *", "*/5 * * * * *", "61 * * * *", "@daily"])
def test_a_schedule_that_is_none_is_refused_at_start(cron: str) -> None:
    with pytest.raises(Misconfigured):
        due.check(job(cron))


def test_an_unknown_zone_is_refused_at_start() -> None:
    with pytest.raises(Misconfigured, match="tzdata"):
        due.check(job("* * * * *", "Mars/Olympus"))
