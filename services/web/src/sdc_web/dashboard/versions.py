"""Versions: which release runs, on what, which schemas the databases have, and what changed."""

from litestar import Response, get
from litestar.di import NamedDependency
from sdc_core.answers.versions import Versions
from sdc_core.service_client import ServiceClient
from sdc_core.settings import Settings

from sdc_web import pages
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.reports import asking, versions
from sdc_web.sessions.signed_in import SignedIn


@get("/author/versions", right="backups.read")
async def show(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],
) -> Response[str]:
    """Both services, each as it says of itself; without the worker its part says so."""
    web = await versions.of_web(settings)
    of_worker = await asking.unless_away(versions.of_worker(worker))
    return await pages.page(
        request,
        databases,
        "author/versions/show.html",
        author=author,
        web=web,
        worker=of_worker,
        differ=of_worker is not None and _release(of_worker) != _release(web),
        schemas=[*web.schemas, *(of_worker.schemas if of_worker else ())],
        releases=await versions.releases(),
    )


def _release(told: Versions) -> tuple[str, str]:
    return told.sdc, told.sqlite


route_handlers = [show]
