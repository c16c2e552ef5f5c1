"""Which projects stand on the home page, and in which order."""

import msgspec
from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath
from sdc_core.errors import Conflict

from sdc_web import pages, posts
from sdc_web.author import forms, moving
from sdc_web.db import Databases
from sdc_web.posts.home import Move
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn

ADDRESS = "/author/site/home"


class Chosen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The one to put on the home page."""

    post_id: str


class Moved(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which way."""

    way: Move


@get(ADDRESS, right="site.change")
async def index(
    request: AnyRequest, databases: NamedDependency[Databases], author: NamedDependency[SignedIn]
) -> Response[str]:
    """Those on the home page, and those that are not."""
    return await _page(request, databases, author, {})


@post(ADDRESS, status_code=303, right="site.change")
async def create(
    request: AnyRequest, databases: NamedDependency[Databases], author: NamedDependency[SignedIn]
) -> Response[bytes] | Response[str]:
    """One more, at the end."""
    form = await forms.read(request, Chosen)
    try:
        await posts.home.choose(databases.site, author.actor, form.post_id)
    except Conflict as error:
        return await _page(request, databases, author, {"form": str(error)}, status_code=409)
    return pages.redirect(ADDRESS, "saved")


@put(f"{ADDRESS}/{{post_id:str}}", status_code=303, right="site.change")
async def move(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    author: NamedDependency[SignedIn],
    post_id: FromPath[str],
) -> Response[bytes]:
    """One place up or down."""
    form = await forms.read(request, Moved)
    await posts.home.move(databases.site, author.actor, post_id, form.way)
    async with databases.site.read() as connection:
        found = await posts.home.candidates(connection, author.actor)
    order = [each.id for each in found if each.position is not None]
    onward = moving.onward(form.way, order.index(post_id), len(order)) if post_id in order else ""
    return pages.redirect(ADDRESS, "saved", f"{onward}-{post_id}" if onward else "")


@delete(f"{ADDRESS}/{{post_id:str}}", status_code=303, right="site.change")
async def remove(
    databases: NamedDependency[Databases],
    author: NamedDependency[SignedIn],
    post_id: FromPath[str],
) -> Response[bytes]:
    """One less; the project stays on the site."""
    await posts.home.leave(databases.site, author.actor, post_id)
    return pages.redirect(ADDRESS, "saved")


async def _page(
    request: AnyRequest, databases: Databases, author: SignedIn, errors: dict[str, str], status_code: int = 200
) -> Response[str]:
    async with databases.site.read() as connection:
        found = await posts.home.candidates(connection, author.actor)
    return await pages.page(
        request,
        databases,
        "author/home_page/index.html",
        author=author,
        status_code=status_code,
        chosen=[each for each in found if each.position is not None],
        others=[each for each in found if each.position is None],
        errors=errors,
    )


route_handlers = [index, create, move, remove]
