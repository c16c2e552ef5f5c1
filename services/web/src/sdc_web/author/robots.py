"""What robots are told, as the author chooses it."""

import msgspec
from litestar import Response, get, put
from litestar.di import NamedDependency
from sdc_core.errors import Invalid
from sdc_core.settings import Settings

from sdc_web import pages
from sdc_web.about import robots
from sdc_web.about.robots import Robots
from sdc_web.author import forms
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn

ADDRESS = "/author/site/robots"


class RobotsForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every field of the form; a box that is not ticked is not sent."""

    crawlers: robots.Crawlers = ""
    unlisted: bool = False
    extra: str = ""


@get(ADDRESS, right="site.change")
async def show(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
) -> Response[str]:
    """The choices as they stand."""
    async with databases.site.read() as connection:
        kept = await robots.current(connection)
    return await _page(request, databases, settings, author, kept)


@put(ADDRESS, status_code=303, right="site.change")
async def update(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
) -> Response[bytes] | Response[str]:
    """Keep them."""
    form = await forms.read(request, RobotsForm)
    given = Robots(crawlers=form.crawlers, unlisted=form.unlisted, extra=form.extra)
    try:
        await robots.change(databases.site, author.actor, given)
    except Invalid as error:
        return await _page(request, databases, settings, author, given, {error.field: str(error)}, status_code=422)
    return pages.redirect(ADDRESS, "saved")


async def _page(
    request: AnyRequest,
    databases: Databases,
    settings: Settings,
    author: SignedIn,
    form: Robots,
    errors: dict[str, str] | None = None,
    status_code: int = 200,
) -> Response[str]:
    return await pages.page(
        request,
        databases,
        "author/robots/edit.html",
        author=author,
        status_code=status_code,
        form=form,
        errors=errors or {},
        fallback=settings.AI_CRAWLERS,
    )


route_handlers = [show, update]
