"""The jobs in Prometheus' text format. A moment that there was none of is left out."""

from collections.abc import Callable

from sdc_core import clock
from sdc_core.answers.jobs import JobReport

_STATES = ("ok", "late", "failed", "down", "paused")


def lines(jobs: list[JobReport]) -> list[str]:
    """One line for each job and figure."""
    states = [
        f'sdc_job_state{{job="{job.name}",state="{state}"}} {int(job.state == state)}'
        for job in jobs
        for state in _STATES
    ]
    return [
        "# HELP sdc_job_state Whether a cron job is in that state.",
        "# TYPE sdc_job_state gauge",
        *states,
        *_gauge("sdc_job_next_timestamp_seconds", "When it is due next.", jobs, lambda job: job.next_us),
        *_gauge("sdc_job_good_timestamp_seconds", "When a run was due that went well.", jobs, lambda job: job.good_us),
        *_gauge("sdc_job_last_timestamp_seconds", "When the last run was due.", jobs, _last_due_us),
        *_gauge("sdc_job_last_duration_seconds", "How long the last run took.", jobs, _last_duration_us),
    ]


def _gauge(name: str, words: str, jobs: list[JobReport], figure: Callable[[JobReport], int | None]) -> list[str]:
    told = [(job.name, at_us) for job in jobs if (at_us := figure(job)) is not None]
    head = [f"# HELP {name} {words}", f"# TYPE {name} gauge"]
    return [*head, *(f'{name}{{job="{job}"}} {at_us / clock.SECOND_US:.3f}' for job, at_us in told)]


def _last_due_us(job: JobReport) -> int | None:
    return job.last_run.due_us if job.last_run else None


def _last_duration_us(job: JobReport) -> int | None:
    return job.last_run.duration_us if job.last_run else None
