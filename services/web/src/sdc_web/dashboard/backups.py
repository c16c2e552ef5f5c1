"""Backups: where the copies are, how old each is, and starting a restore drill."""

from litestar import Response, get, post
from litestar.di import NamedDependency
from sdc_core import clock
from sdc_core.service_client import ServiceClient

from sdc_web.dashboard import pages
from sdc_web.dashboard.pages import AnyRequest
from sdc_web.db import Databases
from sdc_web.reports import backups, jobs
from sdc_web.reports.backups import Card
from sdc_web.sessions.signed_in import SignedIn

DRILL = "drill.restore"
SHOWN = ("mirror.", "drill.")


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
        confirmation=None,
    )


@post("/author/backups/drills", status_code=303)
async def create_drill(
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],  # noqa: ARG001 - asked for so that nobody else gets here
) -> Response[bytes]:
    """Restore from the farthest copy now, and compare."""
    await jobs.start(worker, DRILL)
    return pages.redirect("/author/backups", "started")


route_handlers = [index, create_drill]
