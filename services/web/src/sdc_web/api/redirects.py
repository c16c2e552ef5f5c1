"""Old addresses: those that posts had, and the author's own."""

from typing import Annotated

import msgspec
from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from msgspec import Meta
from sdc_core.errors import NotFound
from sdc_core.settings import Settings

from sdc_web import redirects
from sdc_web.api import answers, incoming
from sdc_web.api.answers import Moment
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.tokens import Bearer


class RedirectQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of the list."""

    limit: incoming.Limit = 20
    cursor: Annotated[str, Meta(pattern="^[0-9]{1,18}/", max_length=2_048)] | None = None


class RedirectName(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The old address, as the list has it."""

    path: str


class NewRedirect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`path` is an address of this site, `target` another one or an https URL elsewhere."""

    path: str
    target: str


class Redirect(msgspec.Struct, frozen=True, kw_only=True):
    """An old address and where it leads now, with 301. `own` is false for those that renamed posts left behind; `uses`
    counts who came that way, some seconds late.
    """

    path: str
    target: str
    own: bool
    created_at: Moment
    uses: int
    used_at: Moment | None


class RedirectPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of them; `next_cursor` asks for the next one, null on the last."""

    redirects: tuple[Redirect, ...]
    next_cursor: str | None


@get("/redirects", right="site.read")
async def index(
    request: AnyRequest, databases: NamedDependency[Databases], reader: NamedDependency[Bearer]
) -> Response[bytes]:
    """List the redirects, the newest first."""
    asked = incoming.query(request, RedirectQuery)
    async with databases.site.read() as connection:
        found = await redirects.page(connection, reader.actor, "", asked.cursor or "", asked.limit + 1)
    listed = found[: asked.limit]
    following = listed[-1].key if len(found) > asked.limit else None
    return answers.send(request, RedirectPage(redirects=tuple(_told(each) for each in listed), next_cursor=following))


@post("/redirects", status_code=201, right="site.change")
async def create(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    writer: NamedDependency[Bearer],
) -> Response[bytes]:
    """Have an old address lead on."""
    new = await incoming.body(request, NewRedirect)
    path = await redirects.add_own(databases.site, writer.actor, new.path, new.target, settings.site_url)
    async with databases.site.read() as connection:
        found = await redirects.show(connection, writer.actor, path)
    return answers.send(request, _told(found), 201)


@delete("/redirects", right="site.change")
async def remove(request: AnyRequest, databases: NamedDependency[Databases], writer: NamedDependency[Bearer]) -> None:
    """Have an old address lead nowhere any more; that of a renamed post as well."""
    path = incoming.query(request, RedirectName).path
    if not await redirects.delete(databases.site, writer.actor, path):
        raise NotFound("that address leads nowhere")


def _told(found: redirects.Redirect) -> Redirect:
    return Redirect(
        path=found.path,
        target=found.target,
        own=found.kind is None,
        created_at=answers.moment(found.created_at_us),
        uses=found.uses,
        used_at=answers.moment_or_none(found.used_at_us),
    )


route_handlers = [index, create, remove]
