"""Cron jobs and their runs."""

from typing import Literal, TypeAlias

import msgspec

Trigger: TypeAlias = Literal["schedule", "manual", "catch_up"]
Outcome: TypeAlias = Literal["running", "ok", "failed", "timed_out", "missed", "skipped"]
State: TypeAlias = Literal["ok", "late", "failed", "down", "paused"]


Kind: TypeAlias = Literal["failed", "late", "recovered"]


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One execution. `attempt` counts from 1; `started_us` is None while it waits and when it never began;
    `ended_us` is None while it runs. `confirmable` says that it stopped to ask a person; `confirms` is the run whose
    question was answered with yes by asking for this one.
    """

    id: str
    job: str
    trigger: Trigger
    attempt: int
    due_us: int
    started_us: int | None
    ended_us: int | None
    outcome: Outcome
    output: str
    confirmable: bool = False
    confirms: str | None = None

    @property
    def duration_us(self) -> int | None:
        """From start to end, None while one of them is missing."""
        return None if self.started_us is None or self.ended_us is None else self.ended_us - self.started_us


class JobReport(msgspec.Struct, frozen=True, kw_only=True):
    """A job and how it fares; `words` is its schedule in English, `next_us` is None while it is paused, `upcoming` the
    next few due times, that one first. `last_run` is the newest that was not skipped for another one, `good_us` is when
    one was due that went well, `since_us` from when on its due times count: since it is known here, or goes on after a
    pause.
    """

    name: str
    help: str
    cron: str
    words: str
    zone: str
    paused: bool
    state: State
    next_us: int | None
    last_run: Run | None
    upcoming: list[int] = []
    good_us: int | None = None
    since_us: int | None = None


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """What people are told of a job: `sent_us` is None until a mail server took it; with `next_us` None it is settled,
    and `error` says why an attempt failed.
    """

    job: str
    kind: Kind
    run_id: str
    created_us: int
    next_us: int | None
    sent_us: int | None
    error: str


class JobReports(msgspec.Struct, frozen=True, kw_only=True):
    """Every job, the newest runs of all of them, newest first, the newest of those that went wrong, and what people
    were told.
    """

    jobs: list[JobReport]
    runs: list[Run]
    troubles: list[Run] = []
    alerts: list[Alert] = []


class JobRuns(msgspec.Struct, frozen=True, kw_only=True):
    """Runs of one job, newest first."""

    runs: list[Run]


class MailTried(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a test mail: `error` is empty when a server took it, else the reason in words."""

    error: str
