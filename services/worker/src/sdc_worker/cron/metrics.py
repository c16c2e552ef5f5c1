"""What is told of the jobs to Prometheus. A moment that there was none of is left out.

The label is `name`: `job` is what Prometheus calls whom it asks.
"""

from collections.abc import Callable

from sdc_core import clock, metrics
from sdc_core.answers.jobs import JobReport
from sdc_core.metrics import Family, Sample

_STATES = ("ok", "late", "failed", "down", "paused")


def figures(jobs: list[JobReport]) -> list[Family]:
    """One figure for each job and question."""
    states = tuple(
        Sample(labels={"name": job.name, "state": state}, value=int(job.state == state))
        for job in jobs
        for state in _STATES
    )
    return [
        Family(name="sdc_job_state", kind="gauge", help="Whether a cron job is in that state.", samples=states),
        _gauge("sdc_job_next_timestamp_seconds", "When it is due next.", jobs, lambda job: job.next_us),
        _gauge("sdc_job_good_timestamp_seconds", "When a run was due that went well.", jobs, lambda job: job.good_us),
        _gauge("sdc_job_since_timestamp_seconds", "From when on its due times count.", jobs, lambda job: job.since_us),
        _gauge("sdc_job_last_timestamp_seconds", "When the last run was due.", jobs, _last_due_us),
        _gauge("sdc_job_last_duration_seconds", "How long the last run took.", jobs, _last_duration_us),
    ]


def _gauge(name: str, words: str, jobs: list[JobReport], figure: Callable[[JobReport], int | None]) -> Family:
    told = {job.name: at_us / clock.SECOND_US for job in jobs if (at_us := figure(job)) is not None}
    return metrics.by("gauge", name, words, "name", told)


def _last_due_us(job: JobReport) -> int | None:
    return job.last_run.due_us if job.last_run else None


def _last_duration_us(job: JobReport) -> int | None:
    return job.last_run.duration_us if job.last_run else None
