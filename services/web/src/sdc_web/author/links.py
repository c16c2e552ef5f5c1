"""Links: which texts lead to what is dead, or has moved."""

from litestar import Response, get
from litestar.di import NamedDependency
from sdc_core.settings import Settings

from sdc_web import pages
from sdc_web.db import Databases
from sdc_web.link_checks import troubled
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn


@get("/author/links", right="posts.read")
async def index(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
) -> Response[str]:
    """The list, as the last rounds found it."""
    async with databases.site.read() as connection:
        listed = await troubled.listing(connection, author.actor, settings.site_url)
    return await pages.page(
        request,
        databases,
        "author/links/index.html",
        author=author,
        dead=[each for each in listed if each.state == "dead"],
        moved=[each for each in listed if each.state == "moved"],
    )


route_handlers = [index]
