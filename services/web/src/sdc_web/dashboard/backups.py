"""Backups: where the copies are, how old each is; copying now, proving that they restore, confirming a mirror."""

from typing import Annotated, Literal

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from sdc_core import clock
from sdc_core.answers.backups import Backups
from sdc_core.answers.jobs import Run
from sdc_core.errors import Unavailable
from sdc_core.service_client import ServiceClient
from sdc_core.settings import Settings

from sdc_web import htmx, pages
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.reports import asking, backups, jobs, replica
from sdc_web.sessions.signed_in import SignedIn

DRILL = "drill.restore"
MIRROR = "mirror.daily"
REHEARSAL = "drill.rehearsal"
JOBS = (MIRROR, "mirror.monthly", DRILL, REHEARSAL)
RUNS = 20


class Confirmation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The form: the run that stopped to ask, and its job."""

    run_id: Annotated[str, msgspec.Meta(pattern="^[0-9A-Za-z_]{1,64}$")]
    job: Literal["mirror.daily", "mirror.monthly"] = "mirror.daily"
    opened_by: str = ""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the worker says of the backups, and the newest runs of the jobs that make them."""

    report: Backups
    runs: list[Run]


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A run that stopped to ask, and what it said."""

    run_id: str
    job: str
    detail: str


@get("/author/backups", right="backups.read")
async def index(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],
) -> Response[str]:
    """The copies, the proofs that they restore, and their last runs."""
    told = await asking.unless_away(_told(worker))
    return await pages.page(
        request,
        databases,
        "author/backups/show.html",
        author=author,
        cards=backups.cards(told.report, clock.now_us()) if told else None,
        remote=told is not None and told.report.remote,
        elsewhere=told is not None and told.report.elsewhere,
        runs=told.runs if told else [],
        first=told is not None and told.report.remote and told.report.mirror is None,
        confirmation=_question(told.report.mirror) or _question(told.report.monthly) if told else None,
    )


@get("/author/backups/plan", right="backups.read")
async def plan(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],
) -> Response[str]:
    """What the mirror would do now, before it does."""
    found, reason = None, ""
    try:
        found = await backups.plan(worker)
    except Unavailable as error:
        reason = str(error)
    if htmx.wants_fragment(request):
        return pages.fragment("author/backups/_plan.html", author, plan=found, reason=reason)
    return await pages.page(request, databases, "author/backups/plan.html", author=author, plan=found, reason=reason)


@post("/author/backups/drills", status_code=303, right="jobs.change")
async def create_drill(
    databases: NamedDependency[Databases],
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],
) -> Response[bytes]:
    """Restore from the farthest copy now, and compare."""
    await jobs.start(worker, databases.site, author.actor, DRILL)
    return pages.redirect("/author/backups", "started")


@post("/author/backups/rehearsals", status_code=303, right="jobs.change")
async def create_rehearsal(
    databases: NamedDependency[Databases],
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],
) -> Response[bytes]:
    """Start the restored site beside the living one now, and read it."""
    await jobs.start(worker, databases.site, author.actor, REHEARSAL)
    return pages.redirect("/author/backups", "started")


@post("/author/backups/confirmations", status_code=303, right="jobs.change")
async def create_confirmation(
    data: URLEncodedBody[Confirmation],
    databases: NamedDependency[Databases],
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],
) -> Response[bytes]:
    """Let the mirror that stopped go on, once."""
    await jobs.confirm(worker, databases.site, author.actor, data.job, data.run_id)
    return pages.redirect("/author/backups", "started")


@post("/author/backups/copies", status_code=200, right="posts.publish")
async def create_copy(
    request: AnyRequest,
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
) -> Response[str] | Response[bytes]:
    """Have what was written copied now, and say whether it is."""
    copied, reason = None, ""
    try:
        copied = await replica.copy_now(settings)
    except Unavailable as error:
        reason = str(error)
    if htmx.wants_fragment(request):
        return pages.fragment("author/backups/_copied.html", author, copied=copied, reason=reason)
    return pages.redirect("/author/backups", "copied-now" if copied else "not-copied")


async def _told(worker: ServiceClient) -> Told:
    async with asking.together() as group:
        report = group.create_task(backups.report(worker))
        listed = [group.create_task(jobs.runs(worker, name, RUNS)) for name in JOBS]
    runs = sorted((run for each in listed for run in each.result()), key=lambda run: run.due_us, reverse=True)
    return Told(report=report.result(), runs=runs[:RUNS])


def _question(mirror: Run | None) -> Question | None:
    """What the newest mirror stopped to ask."""
    return Question(run_id=mirror.id, job=mirror.job, detail=mirror.output) if mirror and mirror.confirmable else None


route_handlers = [index, plan, create_drill, create_rehearsal, create_confirmation, create_copy]
