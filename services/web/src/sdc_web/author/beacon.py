"""Whether pages tell how they are read, as the author chooses it."""

import msgspec
from litestar import Response, get, put
from litestar.di import NamedDependency

from sdc_web import pages
from sdc_web.about import beacon
from sdc_web.author import forms
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn

ADDRESS = "/author/site/reading"


class BeaconForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A box that is not ticked is not sent."""

    beacon: bool = False


@get(ADDRESS, right="site.change")
async def show(
    request: AnyRequest, databases: NamedDependency[Databases], author: NamedDependency[SignedIn]
) -> Response[str]:
    """The choice as it stands."""
    async with databases.site.read() as connection:
        asked = await beacon.current(connection)
    return await pages.page(request, databases, "author/beacon/edit.html", author=author, asked=asked)


@put(ADDRESS, status_code=303, right="site.change")
async def update(
    request: AnyRequest, databases: NamedDependency[Databases], author: NamedDependency[SignedIn]
) -> Response[bytes]:
    """Keep it."""
    form = await forms.read(request, BeaconForm)
    await beacon.change(databases.site, author.actor, asked=form.beacon)
    return pages.redirect(ADDRESS, "saved")


route_handlers = [show, update]
