"""The trash of texts: what waits there, brought back or deleted for good by boxes to tick."""

from urllib.parse import urlencode

import msgspec
from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from sdc_core.errors import Invalid, NotFound

from sdc_web import pages, posts
from sdc_web.author import catalogue, forms
from sdc_web.db import Databases
from sdc_web.posts.trash import BroughtBack
from sdc_web.problems import AnyRequest
from sdc_web.sessions import confirm
from sdc_web.sessions.signed_in import SignedIn

LISTED = 200
TRASH = f"{catalogue.ADDRESS}/trash"


class Ticked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The texts that were ticked."""

    post: tuple[str, ...] = ()


class TrashForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The place that the list goes on from."""

    after: str = ""
    said: str = ""


@get(TRASH, right="posts.read")
async def trash(
    request: AnyRequest, databases: NamedDependency[Databases], author: NamedDependency[SignedIn]
) -> Response[str]:
    """What waits for its end, and when that comes."""
    asked = forms.fields(request.scope["query_string"].decode("latin-1"), TrashForm)
    return await _page(request, databases, author, after=asked.after)


@delete(TRASH, status_code=303, right="posts.delete")
async def bring_back(
    request: AnyRequest, databases: NamedDependency[Databases], author: NamedDependency[SignedIn]
) -> Response[bytes] | Response[str]:
    """Take what was ticked out of the trash, and say which of it is not what it was."""
    try:
        ids = await _ticked(request)
    except Invalid as error:
        return await _page(request, databases, author, error=str(error), status_code=422)
    back: list[BroughtBack] = []
    for post_id in ids:
        try:
            back.append(await posts.trash.bring_back(databases.site, author.actor, post_id))
        except NotFound:
            continue
    changed = [each for each in back if each.words]
    if changed:
        return await _page(request, databases, author, changed)
    return pages.redirect(TRASH, "untrashed")


@post(f"{TRASH}/removals", status_code=303, right="posts.delete")
async def remove(
    request: AnyRequest, databases: NamedDependency[Databases], author: NamedDependency[SignedIn]
) -> Response[bytes] | Response[str]:
    """Delete what was ticked for good, before its time. What is gone already is as it should be."""
    confirm.require(author)
    try:
        ids = await _ticked(request)
    except Invalid as error:
        return await _page(request, databases, author, error=str(error), status_code=422)
    for post_id in ids:
        try:
            await posts.trash.remove(databases.site, author.actor, post_id)
        except NotFound:
            continue
    return pages.redirect(TRASH, "deleted")


async def _ticked(request: AnyRequest) -> tuple[str, ...]:
    form = await forms.read(request, Ticked, "post")
    if not form.post:
        raise Invalid("tick at least one first")
    return tuple(dict.fromkeys(form.post))


async def _page(
    request: AnyRequest,
    databases: Databases,
    author: SignedIn,
    changed: list[BroughtBack] | None = None,
    *,
    after: str = "",
    error: str = "",
    status_code: int = 200,
) -> Response[str]:
    async with databases.site.read() as connection:
        found = await posts.trash.listed(connection, author.actor, LISTED + 1, after)
        total = await posts.trash.count(connection, author.actor)
        rows = await posts.several.chosen(connection, author.actor, [each.id for each in changed or ()])
    return await pages.page(
        request,
        databases,
        "author/posts/trash.html",
        author=author,
        status_code=status_code,
        trashed=found[:LISTED],
        total=total,
        first_url=TRASH if after else "",
        next_url=f"{TRASH}?{urlencode({'after': posts.trash.place(found[LISTED - 1])})}" if len(found) > LISTED else "",
        kept_us=posts.trash.KEPT_US,
        back=rows,
        words={each.id: each.words for each in changed or ()},
        errors={"form": error} if error else {},
    )


route_handlers = [trash, bring_back, remove]
