"""When a job is due where clocks are changed: the table of what is expected, for a whole day each."""

import time
from collections.abc import Generator
from datetime import UTC, datetime, timedelta

import pytest
from sdc_core import clock
from sdc_worker.cron import due
from sdc_worker.cron.jobs import Job, JobContext

from cron_work import Make, Work, tick

ZURICH = due.zone("Europe/Zurich")  # read before any loop runs
SPRING, AUTUMN = "2026-03-29", "2026-10-25"  # Zurich: 02:00 becomes 03:00, and 03:00 becomes 02:00
NY_SPRING, NY_AUTUMN = "2026-03-08", "2026-11-01"  # New York: 02:00 becomes 03:00, and 02:00 becomes 01:00
HALF = "2026-10-04"  # Lord Howe: 02:00 becomes 02:30
TABLE = [
    # A fixed time in the hour that does not exist comes when it is over; one that exists twice comes once, and first.
    ("30 2 * * *", "Europe/Zurich", SPRING, ["03:00+02:00"]),
    ("0 2 * * *", "Europe/Zurich", SPRING, ["03:00+02:00"]),
    ("59 1 * * *", "Europe/Zurich", SPRING, ["01:59+01:00"]),
    ("0 3 * * *", "Europe/Zurich", SPRING, ["03:00+02:00"]),
    ("30 2 * * *", "Europe/Zurich", AUTUMN, ["02:30+02:00"]),
    ("0 3 * * *", "Europe/Zurich", AUTUMN, ["03:00+01:00"]),
    ("30 1 * * *", "America/New_York", NY_AUTUMN, ["01:30-04:00"]),
    ("30 2 * * *", "America/New_York", NY_SPRING, ["03:00-04:00"]),
    ("15 2 * * *", "Australia/Lord_Howe", HALF, ["02:30+11:00"]),
    # Hours and minutes that repeat follow the time that passes: 23 of them, and 25.
    ("0 * * * *", "Europe/Zurich", SPRING, [f"{h:02}:00+0{1 if h < 2 else 2}:00" for h in (0, 1, *range(3, 24))]),
    ("0 * * * *", "Europe/Zurich", AUTUMN, [
        *(f"{h:02}:00+02:00" for h in range(3)), *(f"{h:02}:00+01:00" for h in range(2, 24)),
    ]),
    ("*/30 1-3 * * *", "Europe/Zurich", SPRING, ["01:00+01:00", "01:30+01:00", "03:00+02:00", "03:30+02:00"]),
    # Zones that change nothing.
    ("30 2 * * *", "UTC", SPRING, ["02:30+00:00"]),
    ("30 2 * * *", "UTC", AUTUMN, ["02:30+00:00"]),
    ("30 2 * * *", "Asia/Kathmandu", SPRING, ["02:30+05:45"]),
]  # fmt: skip


async def nothing(_: JobContext) -> str:
    return ""


def of_day(job: Job, day: str) -> list[str]:
    """The due times of one day in the job's own zone."""
    zone = due.zone(job.zone)
    begin = datetime.fromisoformat(day).replace(tzinfo=zone)
    found, at_us = list[str](), clock.from_datetime(begin.astimezone(UTC)) - 1
    while True:
        at_us = due.next_us(job, at_us)
        local = clock.to_datetime(at_us).astimezone(zone)
        if local.date() != begin.date():
            return found
        found.append(f"{local:%H:%M}{offset(local)}")


def offset(local: datetime) -> str:
    minutes = (local.utcoffset() or timedelta()) // timedelta(minutes=1)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


@pytest.fixture(params=["UTC", "America/New_York", "Pacific/Kiritimati"])
def server_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Generator[str]:
    """The zone that the machine is set to."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(("cron", "zone", "day", "expected"), TABLE)
def test_a_day_has_these_due_times_whatever_zone_the_machine_is_set_to(
    cron: str, zone: str, day: str, expected: list[str], server_zone: str
) -> None:
    assert of_day(Job(name="test", help="", cron=cron, zone=zone, action=nothing), day) == expected


@pytest.mark.parametrize(("cron", "zone", "day", "expected"), TABLE)
def test_a_due_time_is_the_same_looked_at_from_either_side(cron: str, zone: str, day: str, expected: list[str]) -> None:
    job = Job(name="test", help="", cron=cron, zone=zone, action=nothing)
    at_us = clock.from_datetime(datetime.fromisoformat(day).replace(tzinfo=UTC)) - clock.DAY_US // 2
    for _ in range(60):
        next_us = due.next_us(job, at_us)
        assert due.latest_us(job, next_us) == next_us
        assert due.latest_us(job, next_us - 1) < next_us
        at_us = next_us


@pytest.mark.parametrize(
    ("cron", "day", "expected"),
    [("30 2 * * *", SPRING, 1), ("30 2 * * *", AUTUMN, 1), ("0 * * * *", SPRING, 23), ("0 * * * *", AUTUMN, 25)],
)
async def test_a_scheduler_that_looks_every_ten_minutes_of_such_a_day_starts_each_due_time_once(
    make: Make, work: Work, cron: str, day: str, expected: int
) -> None:
    job = Job(name="test", help="", cron=cron, zone="Europe/Zurich", action=work, overlap="queue_one", grace_s=900)
    made = make(job)
    begin = datetime.fromisoformat(day).replace(tzinfo=ZURICH)
    begin_us = clock.from_datetime(begin.astimezone(UTC))
    end_us = clock.from_datetime((begin + timedelta(days=1)).astimezone(UTC))
    started = []
    await tick(made, begin_us - 1)
    for at_us in range(begin_us, end_us, 600 * clock.SECOND_US):
        for run in await tick(made, at_us):
            started.append(run)
            made._open[run.job] -= 1
    assert len(started) == len({run.due_us for run in started}) == expected
    assert {run.trigger for run in started} == {"schedule"}
