"""A worker that was down for an hour: each job that was due meanwhile is made up for as its policy says, and no due
time is met twice, though the one that makes up for it is killed in the middle.
"""

import contextlib
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import pytest
from sdc_core import clock
from sdc_worker.cron.scheduler import ABANDONED
from sdc_worker.cron.table import JOBS

import table_driver
from cron_work import MINUTE_US
from living_site import eventually
from table_driver import LAST

pytestmark = pytest.mark.timeout(120)

Begun: TypeAlias = tuple[str, str, str]
"""A job, the hours and minutes that it was due at, and why it was begun."""

DOWN_US = clock.from_datetime(datetime(2026, 3, 1, 3, 15, 30, tzinfo=UTC))
UP_US = DOWN_US + 3600 * clock.SECOND_US

STARTED: set[Begun] = {
    ("cron.publish_due", "04:15", "schedule"),
    ("cron.expire", "04:07", "schedule"),
    # Half an hour late is too late for a start of its own, but this job is to be made up for.
    ("cron.logs", "03:20", "catch_up"),
    ("drill.restore", "04:10", "schedule"),
    ("images.sweep", "04:10", "schedule"),
    ("analytics.seal", "04:12", "schedule"),
}
NEXT = ("cron.publish_due", "04:16", "schedule")
"""Of the minute after, in which nothing else is due."""
GOING_ON: set[Begun] = {("cron.logs", "03:20", "catch_up"), ("drill.restore", "04:10", "schedule")}
"""Of those the ones that are taken up by the worker after: they have attempts left, and are not due again."""
MISSED = {
    # Not made up for: one row stands for all that passed.
    ("cron.links", "03:25"),
    ("images.sweep", "04:00"),
}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A run, with its due time as hours and minutes."""

    job: str
    due: str
    trigger: str
    outcome: str
    output: str


class Hour:
    """A worker is killed, and an hour later started; that one is killed too, with all its runs under way, and the one
    of the next minute lives.
    """

    def __init__(self, folder: Path) -> None:
        self.database, self.lines = folder / "worker.db", folder / "started"
        with self._worker(DOWN_US):
            eventually(lambda: len(self._ask("SELECT job FROM job_states")) > len(JOBS))
        with self._worker(UP_US):
            eventually(lambda: len(self._begun()) > len(STARTED))
        with self._worker(UP_US + MINUTE_US):
            eventually(lambda: {NEXT, (LAST, *NEXT[1:])} <= set(self._begun()))
            eventually(lambda: all(self._begun().count(each) == 2 for each in GOING_ON))
        self.started = [each for each in self._begun() if each[0] != LAST]
        found = self._ask("SELECT job, due_us, trigger, outcome, output FROM runs")
        rows = [Row(job=a, due=_clock(b), trigger=c, outcome=d, output=e) for a, b, c, d, e in found]
        self.rows = [row for row in rows if row.job != LAST]

    @contextmanager
    def _worker(self, at_us: int) -> Generator[None]:
        command = [sys.executable, table_driver.__file__, str(self.database), str(self.lines), str(at_us)]
        with subprocess.Popen(command) as process:
            try:
                yield
            finally:
                process.kill()

    def _begun(self) -> list[Begun]:
        """By whichever worker."""
        words = [line.split() for line in self.lines.read_text().splitlines()] if self.lines.exists() else []
        return [(job, _clock(int(due_us)), trigger) for job, due_us, trigger in words]

    def _ask(self, sql: str) -> list[Any]:
        """Rows; none while the database is still being made."""
        with (
            contextlib.suppress(sqlite3.OperationalError),
            contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection,
        ):
            return connection.execute(sql).fetchall()
        return []


def _clock(at_us: int) -> str:
    return f"{clock.to_datetime(at_us):%H:%M}"


@pytest.fixture(scope="module")
def hour(tmp_path_factory: pytest.TempPathFactory) -> Hour:
    return Hour(tmp_path_factory.mktemp("hour"))


def test_each_job_that_was_due_in_the_hour_is_made_up_for_as_its_policy_says(hour: Hour) -> None:
    assert set(hour.started) == {*STARTED, NEXT}


def test_no_due_time_of_the_hour_is_written_down_twice_or_begun_again_but_by_its_own_run(hour: Hour) -> None:
    assert {each for each, times in Counter(hour.started).items() if times > 1} == GOING_ON
    assert max(Counter((row.job, row.due) for row in hour.rows).values()) == 1


def test_what_passed_without_a_run_is_told_once_for_each_job_that_is_not_made_up_for(hour: Hour) -> None:
    missed = {(row.job, row.due): row.output for row in hour.rows if row.outcome == "missed"}
    assert set(missed) == MISSED
    assert all("between 2026-03-01 03:15 UTC and 2026-03-01 04:15 UTC" in words for words in missed.values())


def test_runs_that_were_killed_are_told_unless_they_go_on(hour: Hour) -> None:
    ended = {(row.job, row.due, row.trigger) for row in hour.rows if row.output == ABANDONED}
    assert ended == STARTED - GOING_ON
