"""Pictures without alternative text, one beneath the other: say what they show, and save all at once."""

from litestar import Response, get, put
from litestar.di import NamedDependency
from sdc_core.errors import Invalid

from sdc_web import media, pages
from sdc_web.author import forms, media_views
from sdc_web.author.media_views import LIBRARY
from sdc_web.db import Databases
from sdc_web.media.library import Filters
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn

AT_ONCE = 24
ALT = f"{LIBRARY}/alt"
ALT_OF = "alt-"
"""Begins the name of each field, before the id of its asset."""


@get("/author/media/alt", right="media.read")
async def edit(
    request: AnyRequest, databases: NamedDependency[Databases], author: NamedDependency[SignedIn]
) -> Response[str]:
    """The newest of them, each with a field."""
    return await _page(request, databases, author, {}, {})


@put("/author/media/alt", right="media.change")
async def change(
    request: AnyRequest, databases: NamedDependency[Databases], author: NamedDependency[SignedIn]
) -> Response[bytes] | Response[str]:
    """Save what was written; a field that was left empty says nothing. One that is refused keeps what was typed, and
    the others are saved.
    """
    typed = await _typed(request)
    errors: dict[str, str] = {}
    for asset_id, alt in typed.items():
        try:
            await media.set_alt(databases.site, author.actor, asset_id, alt)
        except Invalid as error:
            errors[asset_id] = str(error)
    if errors:
        return await _page(request, databases, author, typed, errors, status_code=422)
    return pages.redirect(ALT, "saved")


async def _typed(request: AnyRequest) -> dict[str, str]:
    """What was written, by the id of the asset. Raises Invalid."""
    if request.content_type[0] != "application/x-www-form-urlencoded":
        raise Invalid("send this form as application/x-www-form-urlencoded")
    pairs = forms.pairs((await request.body()).decode("latin-1"))
    if not all(name.startswith(ALT_OF) for name in pairs):
        raise Invalid("this form has a field that it does not know")
    return {name.removeprefix(ALT_OF): alt for name, alt in pairs.items() if alt.strip()}


async def _page(
    request: AnyRequest,
    databases: Databases,
    author: SignedIn,
    typed: dict[str, str],
    errors: dict[str, str],
    status_code: int = 200,
) -> Response[str]:
    missing = Filters(alt="missing", owner_id=author.actor.only_own("media.change"))
    async with databases.site.read() as connection:
        found = await media.library.page(connection, author.actor, missing, "newest", "", AT_ONCE)
        total = await media.library.count(connection, missing)
        shown = await media_views.views(connection, author.actor, found)
    return await pages.page(
        request,
        databases,
        "author/media/alt.html",
        author=author,
        status_code=status_code,
        assets=shown,
        total=total,
        typed=typed,
        errors=errors,
    )


route_handlers = [edit, change]
