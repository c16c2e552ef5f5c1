"""Upkeep of the library: all sizes anew for another quality, and files in the store that nobody knows."""

import msgspec
from litestar import Response, delete, get, put
from litestar.di import NamedDependency
from sdc_core.errors import Conflict, Invalid, NotFound, Unavailable
from sdc_core.objects import ObjectStore
from sdc_core.service_client import ServiceClient
from sdc_core.settings import Settings

from sdc_web import media, pages
from sdc_web.author import forms
from sdc_web.author.media_views import LIBRARY
from sdc_web.db import Databases
from sdc_web.media import orphans
from sdc_web.problems import AnyRequest
from sdc_web.reports import asking, pictures
from sdc_web.sessions import confirm
from sdc_web.sessions.signed_in import SignedIn

SIZES = f"{LIBRARY}/sizes"
ORPHANS = f"{LIBRARY}/orphans"
LISTED = 100
CHOICES = (
    (70, "very good", "the fewest bytes; whoever looks closely sees a difference"),
    (75, "like the original", "what suits most sites"),
    (80, "like the original from near", "for photographs that are looked at for long"),
)
"""Aim, what it looks like, and what it is for."""


class AimForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What pictures are to reach."""

    aim: str = ""


class SeenForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the author has seen, by its digest."""

    seen: str = ""


@get("/author/media/sizes", right="site.change")
async def sizes(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],
) -> Response[str]:
    """Which quality pictures have, how far all of them are with it, and another one to choose."""
    return await _sizes(request, databases, worker, author, {})


@put("/author/media/sizes", status_code=303, right="site.change")
async def remake(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],
) -> Response[bytes] | Response[str]:
    """Have all pictures made anew, behind whatever is uploaded meanwhile."""
    form = await forms.read(request, AimForm)
    try:
        await pictures.remake(worker, databases.site, author.actor, _aim(form.aim))
    except Invalid as error:
        return await _sizes(request, databases, worker, author, {"aim": str(error)}, 422)
    except Unavailable as error:
        return await _sizes(request, databases, worker, author, {"form": str(error)}, 503)
    return pages.redirect(SIZES, "remade")


@get("/author/media/orphans", right="site.change")
async def unknown(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    store: NamedDependency[ObjectStore],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
) -> Response[str]:
    """What lies in the store and belongs to no picture."""
    return await _unknown(request, databases, store, settings, author, {})


@delete("/author/media/orphans", status_code=303, right="site.change")
async def clear(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    store: NamedDependency[ObjectStore],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
) -> Response[bytes] | Response[str]:
    """Delete for good what was shown: originals that nothing here brings back."""
    confirm.require(author)
    form = await forms.read(request, SeenForm)
    try:
        await orphans.remove(databases.site, author.actor, store, settings.S3_MEDIA_BUCKET, form.seen)
    except Conflict as error:
        return await _unknown(request, databases, store, settings, author, {"form": str(error)}, 409)
    except (Unavailable, NotFound) as error:
        return await _unknown(request, databases, store, settings, author, {"form": str(error)}, 503)
    return pages.redirect(ORPHANS, "cleared")


async def _sizes(
    request: AnyRequest,
    databases: Databases,
    worker: ServiceClient,
    author: SignedIn,
    errors: dict[str, str],
    status_code: int = 200,
) -> Response[str]:
    return await pages.page(
        request,
        databases,
        "author/media/sizes.html",
        author=author,
        status_code=status_code,
        progress=await asking.unless_away(pictures.progress(worker, author.actor)),
        choices=CHOICES,
        errors=errors,
    )


async def _unknown(
    request: AnyRequest,
    databases: Databases,
    store: ObjectStore,
    settings: Settings,
    author: SignedIn,
    errors: dict[str, str],
    status_code: int = 200,
) -> Response[str]:
    found = None
    try:
        found = await media.orphans.find(databases.site, author.actor, store, settings.S3_MEDIA_BUCKET)
    except (Unavailable, NotFound) as error:
        errors, status_code = {"form": str(error)} | errors, 503
    return await pages.page(
        request,
        databases,
        "author/media/orphans.html",
        author=author,
        status_code=status_code,
        found=found,
        listed=LISTED,
        errors=errors,
    )


def _aim(text: str) -> int:
    if text not in {str(aim) for aim, _, _ in CHOICES}:
        raise Invalid("Choose one of these.", field="aim")
    return int(text)


route_handlers = [sizes, remake, unknown, clear]
