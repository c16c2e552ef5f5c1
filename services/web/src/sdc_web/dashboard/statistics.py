"""Statistics: a period, filters, and what they come to."""

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from sdc_core import clock
from sdc_core.answers.analytics import Live
from sdc_core.service_client import ServiceClient

from sdc_web import htmx, pages
from sdc_web.dashboard import asked, bars, happenings, kinds, panels
from sdc_web.dashboard.asked import Asked
from sdc_web.dashboard.bars import Bar
from sdc_web.dashboard.panels import Happening, Panel
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.reports import analytics, asking, saved_views
from sdc_web.reports.analytics import Parts
from sdc_web.sessions.signed_in import SignedIn

ROWS = 9
"""Of a breakdown; the rest stands on a page of its own."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What the page is made of; `panel` and `live` are None without the worker, which may have said why."""

    asked: Asked
    bar: Bar
    happened: list[Happening]
    may_note: bool
    live: Live | None
    panel: Panel | None
    refusal: str


@get(asked.ADDRESS, right="statistics.read")
async def show(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],
) -> Response[str] | Response[bytes]:
    """The page, or for htmx what changes of it; without the worker its place says so. A filter that a form adds becomes
    an address like every other.
    """
    question = await begun(worker, author, read(request))
    added = "add" in request.query_params
    if added and not htmx.wants_fragment(request):
        return pages.redirect(question.address())
    parts = Parts(
        step=question.step,
        dimensions=kinds.PARTS[question.part],
        limit=ROWS,
        latency=question.part == "server",
        live=True,
    )
    batch = analytics.batch(worker, author.actor, question.recent, question.before, parts)
    found, refusal = await asking.or_why(batch)
    async with databases.site.read() as connection:
        happened = await happenings.of(connection, author.actor, question)
        views = await saved_views.listing(connection, author.actor)
    shown = Shown(
        asked=question,
        bar=bars.bar(question, clock.today(), views),
        happened=happened,
        may_note=author.may("notes.change"),
        live=found.live if found else None,
        panel=panels.panel(found, question, happened, may_redirect=author.may("site.change")) if found else None,
        refusal=refusal,
    )
    if htmx.wants_fragment(request):
        part = pages.fragment("author/statistics/_all.html", author, shown=shown)
        if added:
            part.headers["HX-Push-Url"] = question.address()
        return part
    return await pages.page(request, databases, "author/statistics/show.html", author=author, shown=shown)


def read(request: AnyRequest) -> Asked:
    """The question of the address. Raises Invalid."""
    return asked.read(request.query_params.multi_items(), clock.today())


async def begun(worker: ServiceClient, author: SignedIn, question: Asked) -> Asked:
    """Of all time, the days that there are; those that there may be, without the worker."""
    if question.period != "all":
        return question
    found = await asking.unless_away(analytics.known(worker, author.actor))
    return question.begun(found.first) if found else question


route_handlers = [show]
