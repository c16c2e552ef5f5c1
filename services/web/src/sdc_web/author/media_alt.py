"""Pictures without alternative text, one beneath the other: say what they show, and save all at once."""

from litestar import Response, get, put
from litestar.di import NamedDependency
from sdc_core.errors import Invalid

from sdc_web import media, pages
from sdc_web.author import forms, media_views
from sdc_web.author.media_views import LIBRARY, Ticked
from sdc_web.db import Databases
from sdc_web.media.library import Filters
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn

AT_ONCE = 24
ALT = f"{LIBRARY}/alt"
ALT_OF, DECORATIVE_OF = "alt-", "decorative-"
"""Begin the names of fields, before the id of their asset."""


class Wanted(Ticked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The assets that were ticked; none for those that say nothing."""

    said: str = ""


@get("/author/media/alt", right="media.read")
async def edit(
    request: AnyRequest, databases: NamedDependency[Databases], author: NamedDependency[SignedIn]
) -> Response[str]:
    """The newest of them, each with a field; or those that were ticked, with what is said of them."""
    ticked = forms.fields(request.scope["query_string"].decode("latin-1"), Wanted, "asset").asset
    return await _page(request, databases, author, {}, {}, ticked)


@put("/author/media/alt", right="media.change")
async def change(
    request: AnyRequest, databases: NamedDependency[Databases], author: NamedDependency[SignedIn]
) -> Response[bytes] | Response[str]:
    """Save what was written; a field that was left empty says nothing, unless its box says that this is meant. One that
    is refused keeps what was typed, and the others are saved.
    """
    pairs = await _pairs(request)
    typed = _of(pairs, ALT_OF)
    for asset_id in _of(pairs, DECORATIVE_OF).keys() - typed.keys():
        await media.describe(databases.site, author.actor, asset_id, media.Words(alt="", decorative=True))
    errors: dict[str, str] = {}
    async with databases.site.read() as connection:
        present = {each: asset.alt for each, asset in (await media.by_ids(connection, set(typed))).items()}
    for asset_id, alt in typed.items():
        if alt == present.get(asset_id):
            continue
        try:
            await media.set_alt(databases.site, author.actor, asset_id, alt)
        except Invalid as error:
            errors[asset_id] = str(error)
    if errors:
        return await _page(request, databases, author, typed, errors, tuple(errors), status_code=422)
    return pages.redirect(ALT, "saved")


async def _pairs(request: AnyRequest) -> dict[str, str]:
    """The fields that were sent. Raises Invalid."""
    if request.content_type[0] != "application/x-www-form-urlencoded":
        raise Invalid("send this form as application/x-www-form-urlencoded")
    sent = forms.listed((await request.body()).decode("latin-1"))
    pairs = dict(sent)
    if len(pairs) < len(sent) or not all(name.startswith((ALT_OF, DECORATIVE_OF)) for name in pairs):
        raise Invalid("this form has a field that it does not know")
    return pairs


def _of(pairs: dict[str, str], prefix: str) -> dict[str, str]:
    """What was written into the fields of that kind, by the id of the asset."""
    return {
        name.removeprefix(prefix): value for name, value in pairs.items() if name.startswith(prefix) and value.strip()
    }


async def _page(
    request: AnyRequest,
    databases: Databases,
    author: SignedIn,
    typed: dict[str, str],
    errors: dict[str, str],
    wanted: tuple[str, ...],
    status_code: int = 200,
) -> Response[str]:
    missing = Filters(alt="missing", owner_id=author.actor.only_own("media.change"))
    async with databases.site.read() as connection:
        named = await media.by_ids(connection, set(wanted))
        found = [named[each] for each in dict.fromkeys(wanted) if each in named]
        found = [each for each in found if author.actor.may_of("media.change", each.author_id)]
        if errors or not wanted:
            more = await media.library.page(connection, author.actor, missing, "newest", "", AT_ONCE)
            found += [each for each in more if each not in found]
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
        ticked=bool(wanted) and not errors,
        typed={each.id: each.alt for each in found} | typed,
        errors=errors,
    )


route_handlers = [edit, change]
