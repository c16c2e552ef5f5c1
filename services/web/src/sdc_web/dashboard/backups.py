"""Backups: where the copies are, how old each is, starting a restore drill, letting a stopped mirror go on."""

from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from sdc_core import clock
from sdc_core.service_client import ServiceClient

from sdc_web.dashboard import pages
from sdc_web.dashboard.pages import AnyRequest
from sdc_web.db import Databases
from sdc_web.reports import backups, jobs
from sdc_web.reports.backups import Card
from sdc_web.reports.jobs import Run
from sdc_web.sessions.signed_in import SignedIn

DRILL = "drill.restore"
MIRROR = "mirror.daily"
SHOWN = ("mirror.", "drill.")


class Confirmation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The form: the run that stopped to ask."""

    run_id: Annotated[str, msgspec.Meta(pattern="^[0-9A-Za-z_]{1,64}$")]


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A run that stopped to ask, and what it said."""

    run_id: str
    detail: str


@get("/author/backups")
async def index(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],
) -> Response[str]:
    """The three copies and their last runs."""
    report = await pages.unless_away(backups.report(worker))
    told = await pages.unless_away(jobs.report(worker)) if report else None
    cards: list[Card] | None = None if report is None else backups.cards(report, clock.now_us())
    return await pages.page(
        request,
        databases,
        author,
        "author/backups/show.html",
        cards=cards,
        remote=report is not None and report.remote,
        runs=[run for run in told.runs if run.job.startswith(SHOWN)] if told else [],
        confirmation=_question(report.mirror) if report else None,
    )


@post("/author/backups/drills", status_code=303)
async def create_drill(
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],  # noqa: ARG001 - asked for so that nobody else gets here
) -> Response[bytes]:
    """Restore from the farthest copy now, and compare."""
    await jobs.start(worker, DRILL)
    return pages.redirect("/author/backups", "started")


@post("/author/backups/confirmations", status_code=303)
async def create_confirmation(
    data: URLEncodedBody[Confirmation],
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],  # noqa: ARG001 - asked for so that nobody else gets here
) -> Response[bytes]:
    """Let the mirror that stopped go on, once."""
    await jobs.confirm(worker, MIRROR, data.run_id)
    return pages.redirect("/author/backups", "started")


def _question(mirror: Run | None) -> Question | None:
    """What the newest mirror stopped to ask."""
    return Question(run_id=mirror.id, detail=mirror.output) if mirror and mirror.confirmable else None


route_handlers = [index, create_drill, create_confirmation]
