"""A scheduler that is killed again and again at any moment: no due time is started twice, none is forgotten."""

import contextlib
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import cron_driver
from cron_work import MINUTE_US, NOON_US

pytestmark = pytest.mark.timeout(120)


def test_fifteen_kills_double_no_due_time_and_forget_none(tmp_path: Path) -> None:
    database, started = tmp_path / "worker.db", tmp_path / "started"
    command = [sys.executable, cron_driver.__file__, str(database), str(started)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    told = Counter(tuple(line.split()[1:]) for line in started.read_text().splitlines() if " - " not in line)
    with contextlib.closing(sqlite3.connect(database)) as connection:
        rows = Counter(connection.execute("SELECT job, due_us FROM runs WHERE trigger <> 'manual'"))
    expected = {
        (job.name, NOON_US + minute * MINUTE_US)
        for job, every in zip(cron_driver.JOBS, (1, 5), strict=True)
        for minute in range(1, cron_driver.MINUTES)
        if minute % every == 0
    }
    assert max(told.values()) == 1
    assert max(rows.values()) == 1
    assert set(rows) == expected
