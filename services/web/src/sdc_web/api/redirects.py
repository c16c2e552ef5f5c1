"""Old addresses: those that posts had, and the author's own."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import quote

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from msgspec import Meta
from sdc_core.errors import NotFound
from sdc_core.settings import Settings
from sdc_core.sqlite import Connection

from sdc_web import redirects
from sdc_web.api import answers, incoming
from sdc_web.api.answers import Moment
from sdc_web.api.conditions import unless_changed
from sdc_web.api.once import once
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.tokens import Bearer

MOST = 500
"""Redirects that are sent at once: one transaction, during which nobody else writes."""


class RedirectQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Those with `q` in the old or the new address, and which page of them; `path` alone names one."""

    path: Annotated[str, Meta(max_length=2_048)] = ""
    q: Annotated[str, Meta(max_length=200)] = ""
    limit: incoming.Limit = 20
    cursor: Annotated[str, Meta(pattern="^[0-9]{1,18}/", max_length=2_048)] | None = None


class RedirectName(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The old address, as the list has it."""

    path: Annotated[str, Meta(examples=["/lamp"])]


class NewRedirect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`path` is an address of this site, `target` another one or an https URL elsewhere."""

    path: str
    target: str


class RedirectChanges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where it leads from now on."""

    target: str


class NewRedirects(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Redirects of a site that was elsewhere; at most 500."""

    redirects: Annotated[tuple[NewRedirect, ...], Meta(min_length=1, max_length=MOST)]


class RedirectImport(msgspec.Struct, frozen=True, kw_only=True):
    """How many are new; the others led there already."""

    added: int
    known: int


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
    """List the redirects, the newest first, or the one at a path: its ETag is what If-Match names."""
    asked = incoming.query(request, RedirectQuery)
    if asked.path:
        return await _one(request, databases, reader, asked.path)
    async with databases.site.read() as connection:
        found = await redirects.page(connection, reader.actor, asked.q, asked.cursor or "", asked.limit + 1)
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

    async def make(_: str) -> Response[bytes]:
        path = await redirects.add_own(databases.site, writer.actor, new.path, new.target, settings.site_url)
        async with databases.site.read() as connection:
            found = await redirects.show(connection, writer.actor, path)
        headers = {"location": f"/api/v1/redirects?path={quote(path, safe='')}"}
        return _sent(request, found, 201, headers)

    return await once(request, databases.ttl, writer, await incoming.body_sha256(request), make)


@post("/redirects/import", status_code=200, request_max_body_size=incoming.MAX_BODY_BYTES, right="site.change")
async def add_all(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    writer: NamedDependency[Bearer],
) -> Response[bytes]:
    """Have many old addresses lead on, all of them or none. What leads there already counts as known: send it again."""
    sent = (await incoming.body(request, NewRedirects)).redirects
    pairs = [(each.path, each.target) for each in sent]

    async def make(_: str) -> Response[bytes]:
        added = await redirects.add_all(databases.site, writer.actor, pairs, settings.site_url)
        return answers.send(request, RedirectImport(added=added, known=len(sent) - added))

    return await once(request, databases.ttl, writer, await incoming.body_sha256(request), make)


@patch("/redirects", right="site.change")
async def change(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    writer: NamedDependency[Bearer],
) -> Response[bytes]:
    """Have an old address of the author's own lead elsewhere."""
    path = incoming.query(request, RedirectName).path
    target = (await incoming.body(request, RedirectChanges)).target
    guard = unless_changed(request, lambda connection: _now(connection, writer, path))
    await redirects.retarget_own(databases.site, writer.actor, path, target, settings.site_url, guard)
    async with databases.site.read() as connection:
        found = await redirects.show(connection, writer.actor, path)
    return _sent(request, found)


@delete("/redirects", right="site.change")
async def remove(request: AnyRequest, databases: NamedDependency[Databases], writer: NamedDependency[Bearer]) -> None:
    """Have an old address lead nowhere any more; that of a renamed post as well."""
    path = incoming.query(request, RedirectName).path
    guard = unless_changed(request, lambda connection: _now(connection, writer, path))
    if not await redirects.delete(databases.site, writer.actor, path, guard):
        raise NotFound("that address leads nowhere")


async def _one(request: AnyRequest, databases: Databases, by: Bearer, path: str) -> Response[bytes]:
    """A page of the one at that path, of which nothing else is."""
    async with databases.site.read() as connection:
        try:
            found = await redirects.show(connection, by.actor, path)
        except NotFound:
            return answers.send(request, RedirectPage(redirects=(), next_cursor=None))
    told = RedirectPage(redirects=(_told(found),), next_cursor=None)
    return answers.send(request, told, etag=answers.etag_of(_leading(found), told))


def _sent(
    request: AnyRequest, found: redirects.Redirect, status_code: int = 200, headers: Mapping[str, str] | None = None
) -> Response[bytes]:
    told = _told(found)
    return answers.send(request, told, status_code, headers, answers.etag_of(_leading(found), told))


async def _now(connection: Connection, by: Bearer, path: str) -> NewRedirect:
    """Raises Forbidden, NotFound."""
    return _leading(await redirects.show(connection, by.actor, path))


def _leading(found: redirects.Redirect) -> NewRedirect:
    """What counts of it for If-Match: who came that way does not."""
    return NewRedirect(path=found.path, target=found.target)


def _told(found: redirects.Redirect) -> Redirect:
    return Redirect(
        path=found.path,
        target=found.target,
        own=found.kind is None,
        created_at=answers.moment(found.created_at_us),
        uses=found.uses,
        used_at=answers.moment_or_none(found.used_at_us),
    )


route_handlers = [index, create, add_all, change, remove]
