"""The schedules of all jobs, and what the settings make of them."""

import pytest
from sdc_core.errors import Misconfigured
from sdc_core.settings import Settings
from sdc_worker.cron import due, execution, table


def test_the_table_is_as_it_stands_unless_the_settings_say_otherwise() -> None:
    assert table.jobs(Settings()) == table.JOBS


def test_a_schedule_and_the_zone_of_all_can_be_set() -> None:
    settings = Settings(JOB_ZONE="Asia/Tokyo", JOB_CRONS="mirror.daily=0 5 * * *; drill.restore = 0 7,19 * * *;")
    jobs = {job.name: job for job in table.jobs(settings)}
    assert (jobs["mirror.daily"].cron, jobs["drill.restore"].cron) == ("0 5 * * *", "0 7,19 * * *")
    assert {job.zone for job in jobs.values()} == {"Asia/Tokyo"}
    assert due.next_us(jobs["mirror.daily"], 0) == 20 * 3_600 * 1_000_000


@pytest.mark.parametrize("text", ["coffee.make=0 5 * * *", "mirror.daily", "mirror.daily=", "0 5 * * *"])
def test_what_names_no_job_is_refused_in_words(text: str) -> None:
    with pytest.raises(Misconfigured, match=r"SDC_JOB_CRONS: .* is not written as job=five fields"):
        table.jobs(Settings(JOB_CRONS=text))


@pytest.mark.parametrize(
    "settings",
    [
        Settings(JOB_CRONS="mirror.daily=61 5 * * *"),
        Settings(JOB_CRONS="mirror.daily=0 0 5 * * *"),
        Settings(JOB_ZONE="Mars/Olympus"),
    ],
)
def test_what_is_no_schedule_and_no_zone_is_refused(settings: Settings) -> None:
    with pytest.raises(Misconfigured):
        table.jobs(settings)


@pytest.mark.parametrize("cron", ["30 2 * * 0", "30 2 1 * *", "30 2 */2 * *"])
def test_a_mirror_that_pauses_longer_than_a_day_is_refused(cron: str) -> None:
    with pytest.raises(Misconfigured, match="pauses longer than a day"):
        table.jobs(Settings(JOB_CRONS=f"mirror.daily={cron}", JOB_ZONE="Europe/Berlin"))


def test_what_comes_once_a_month_is_tried_for_more_than_a_day() -> None:
    (month,) = [each for each in table.JOBS if each.name == "mirror.monthly"]
    assert sum(execution.pause_s(month, attempt) for attempt in range(1, month.retries + 1)) > 24 * 3600
