"""What nothing shows: the report of it, the trash, and the end of it, all by boxes to tick."""

from urllib.parse import urlencode

import msgspec
from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from sdc_core import clock
from sdc_core.errors import Invalid

from sdc_web import media, pages
from sdc_web.author import forms, media_views
from sdc_web.author.media_views import LIBRARY, Ticked
from sdc_web.db import Databases
from sdc_web.media.uses import InUse
from sdc_web.problems import AnyRequest
from sdc_web.sessions import confirm
from sdc_web.sessions.signed_in import SignedIn

LISTED = 200
TRASH = f"{LIBRARY}/trash"
UNUSED = f"{LIBRARY}/unused"
MAX_DAYS = 3_650


class Returning(Ticked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same with the part of the library that they were in; None for the trash itself."""

    back: str | None = None


class UnusedForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How old an upload has to be to count, and the place that the list goes on from."""

    days: str = str(media.trash.UNUSED_DAYS)
    after: str = ""
    said: str = ""


class TrashForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The place that the list goes on from."""

    after: str = ""
    said: str = ""


@get("/author/media/unused", right="media.read")
async def unused(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    author: NamedDependency[SignedIn],
    store_away: NamedDependency[str],
) -> Response[str]:
    """What no revision of any text shows and is older than some days, the largest first, with what it takes."""
    asked = forms.fields(request.scope["query_string"].decode("latin-1"), UnusedForm)
    return await _unused(request, databases, author, asked, {}, store_away=store_away)


@get("/author/media/trash", right="media.read")
async def trash(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    author: NamedDependency[SignedIn],
    store_away: NamedDependency[str],
) -> Response[str]:
    """What waits for its end, and when that comes."""
    asked = forms.fields(request.scope["query_string"].decode("latin-1"), TrashForm)
    return await _trash(request, databases, author, {}, after=asked.after, store_away=store_away)


@post("/author/media/trash", status_code=303, right="media.change")
async def put(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    author: NamedDependency[SignedIn],
) -> Response[bytes] | Response[str]:
    """Put what was ticked into the trash. What a text shows by now stays, and is named."""
    try:
        ids = await _ticked(request)
        done = await media.trash.put(databases.site, author.actor, ids)
    except (Invalid, InUse) as error:
        return await _unused(request, databases, author, UnusedForm(), {"form": str(error)}, status_code=422)
    if done.stay:
        return await _trash(request, databases, author, {"form": done.words}, status_code=422)
    return pages.redirect(TRASH, "trashed")


@delete("/author/media/trash", status_code=303, right="media.change")
async def bring_back(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    author: NamedDependency[SignedIn],
) -> Response[bytes] | Response[str]:
    """Take what was ticked out of the trash again, or what just went there: `back` then leads to where it was."""
    try:
        form = await forms.read(request, Returning, "asset")
        if not form.asset:
            raise Invalid("tick at least one first")
        await media.trash.bring_back(databases.site, author.actor, list(form.asset))
    except Invalid as error:
        return await _trash(request, databases, author, {"form": str(error)}, status_code=422)
    asked = None if form.back is None else media_views.asked_before(form.back)
    return pages.redirect(asked.url(after=asked.after) if asked else TRASH, "untrashed")


@post("/author/media/removals", status_code=303, right="media.change")
async def remove(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    author: NamedDependency[SignedIn],
) -> Response[bytes] | Response[str]:
    """Delete what was ticked in the trash for good, before its time: originals that nothing here brings back."""
    confirm.require(author)
    try:
        await media.removal.remove_from_trash(databases.site, author.actor, await _ticked(request))
    except (Invalid, InUse) as error:
        return await _trash(request, databases, author, {"form": str(error)}, status_code=422)
    return pages.redirect(TRASH, "deleted")


async def _unused(
    request: AnyRequest,
    databases: Databases,
    author: SignedIn,
    asked: UnusedForm,
    errors: dict[str, str],
    *,
    status_code: int = 200,
    store_away: str = "",
) -> Response[str]:
    try:
        before_us = clock.now_us() - _days(asked.days) * clock.DAY_US
    except Invalid as error:
        errors, status_code, before_us = errors | {"days": str(error)}, 422, 0
    async with databases.site.read() as connection:
        found = await media.trash.unused(connection, author.actor, before_us, LISTED + 1, asked.after)
        total = await media.trash.unused_total(connection, author.actor, before_us)
    return await pages.page(
        request,
        databases,
        "author/media/unused.html",
        author=author,
        status_code=status_code,
        assets=[media_views.view(each, author.actor) for each in found[:LISTED]],
        total=total,
        days=asked.days,
        first_url=_address(UNUSED, days=asked.days) if asked.after else "",
        next_url=_address(UNUSED, days=asked.days, after=media.trash.unused_place(found[LISTED - 1]))
        if len(found) > LISTED
        else "",
        errors=errors,
        store_away=store_away,
    )


async def _trash(
    request: AnyRequest,
    databases: Databases,
    author: SignedIn,
    errors: dict[str, str],
    *,
    after: str = "",
    status_code: int = 200,
    store_away: str = "",
) -> Response[str]:
    async with databases.site.read() as connection:
        found = await media.trash.listed(connection, author.actor, LISTED + 1, after)
        total = await media.trash.total(connection, author.actor)
    return await pages.page(
        request,
        databases,
        "author/media/trash.html",
        author=author,
        status_code=status_code,
        assets=[media_views.view(each, author.actor) for each in found[:LISTED]],
        total=total,
        first_url=TRASH if after else "",
        next_url=_address(TRASH, after=media.trash.place(found[LISTED - 1])) if len(found) > LISTED else "",
        kept_us=media.trash.KEPT_US,
        errors=errors,
        store_away=store_away,
    )


async def _ticked(request: AnyRequest) -> list[str]:
    form = await forms.read(request, Ticked, "asset")
    if not form.asset:
        raise Invalid("tick at least one first")
    return list(form.asset)


def _address(path: str, **fields: str) -> str:
    return f"{path}?{urlencode(fields)}"


def _days(text: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= 4 and int(text) <= MAX_DAYS):
        raise Invalid(f"Write a whole number of days, at most {MAX_DAYS}.", field="days")
    return int(text)


route_handlers = [unused, trash, put, bring_back, remove]
