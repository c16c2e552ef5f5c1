"""Scheduled jobs with their runs, and the backups: how they are, for whoever watches a site from outside."""

from typing import Annotated

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Meta
from sdc_core import clock
from sdc_core.answers.jobs import JobReport, Outcome, Run, State, Trigger
from sdc_core.service_client import ServiceClient

from sdc_web.api import answers, incoming
from sdc_web.api.answers import Moment
from sdc_web.authors import rights
from sdc_web.problems import AnyRequest
from sdc_web.reports import backups, jobs
from sdc_web.tokens import Bearer


class RunQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of the runs."""

    limit: incoming.Limit = 20
    cursor: incoming.Cursor | None = None


class JobRun(msgspec.Struct, frozen=True, kw_only=True):
    """One execution of a job. `attempt` counts from 1; `started_at` is null while it waits and when it never began,
    `ended_at` while it runs; `output` is what it did in words, or why it did not.
    """

    id: str
    trigger: Trigger
    attempt: int
    outcome: Outcome
    output: str
    due_at: Moment
    started_at: Moment | None
    ended_at: Moment | None


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A job and how it fares. `schedule` is its cron expression in words, `next_at` null while it is paused."""

    name: str
    help: str
    cron: str
    schedule: str
    zone: str
    state: State
    next_at: Moment | None
    last_run: JobRun | None


class Jobs(msgspec.Struct, frozen=True, kw_only=True):
    """All of them."""

    jobs: tuple[Job, ...]


class JobRunPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of runs; `next_cursor` asks for the next one, null on the last."""

    runs: tuple[JobRun, ...]
    next_cursor: str | None


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """A copy, or the proof that copies restore. `words` are the verdict in a word or two, `detail` in a sentence;
    `succeeded_at` is null for never.
    """

    name: str
    verdict: backups.Verdict
    words: str
    detail: str
    succeeded_at: Moment | None
    duration_us: Annotated[int, Meta(description="Microseconds.")] | None


class BackupState(msgspec.Struct, frozen=True, kw_only=True):
    """The replica, the mirror, the restore drill and the rehearsal."""

    backups: tuple[Backup, ...]


@get("/jobs", right="jobs.read")
async def index(
    request: AnyRequest, worker: NamedDependency[ServiceClient], reader: NamedDependency[Bearer]
) -> Response[bytes]:
    """List the scheduled jobs."""
    rights.require(reader.actor, "jobs.read")
    told = await jobs.report(worker)
    return answers.send(request, Jobs(jobs=tuple(_job(each) for each in told.jobs)))


@get("/jobs/{name:str}/runs", right="jobs.read")
async def runs(
    request: AnyRequest,
    worker: NamedDependency[ServiceClient],
    reader: NamedDependency[Bearer],
    name: FromPath[str],
) -> Response[bytes]:
    """List the runs of a job, the newest first."""
    rights.require(reader.actor, "jobs.read")
    asked = incoming.query(request, RunQuery)
    await jobs.find(worker, name)
    found = await jobs.runs(worker, name, asked.limit + 1, asked.cursor or "")
    page = tuple(_run(each) for each in found[: asked.limit])
    following = page[-1].id if len(found) > asked.limit else None
    return answers.send(request, JobRunPage(runs=page, next_cursor=following))


@get("/backups", right="backups.read")
async def copies(
    request: AnyRequest, worker: NamedDependency[ServiceClient], reader: NamedDependency[Bearer]
) -> Response[bytes]:
    """Tell how well the site is backed up."""
    rights.require(reader.actor, "backups.read")
    cards = backups.cards(await backups.report(worker), clock.now_us())
    return answers.send(request, BackupState(backups=tuple(_backup(each) for each in cards)))


def _job(found: JobReport) -> Job:
    return Job(
        name=found.name,
        help=found.help,
        cron=found.cron,
        schedule=found.words,
        zone=found.zone,
        state=found.state,
        next_at=answers.moment_or_none(found.next_us),
        last_run=_run(found.last_run) if found.last_run else None,
    )


def _run(found: Run) -> JobRun:
    return JobRun(
        id=found.id,
        trigger=found.trigger,
        attempt=found.attempt,
        outcome=found.outcome,
        output=found.output,
        due_at=answers.moment(found.due_us),
        started_at=answers.moment_or_none(found.started_us),
        ended_at=answers.moment_or_none(found.ended_us),
    )


def _backup(found: backups.Card) -> Backup:
    return Backup(
        name=found.id,
        verdict=found.verdict,
        words=found.verdict_words,
        detail=found.detail,
        succeeded_at=answers.moment_or_none(found.at_us),
        duration_us=found.duration_us,
    )


route_handlers = [index, runs, copies]
