"""Tags: those of published posts listed; any of them read, coloured, described, renamed, merged, deleted."""

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import UNSET, UnsetType
from sdc_core.errors import NotFound
from sdc_core.sqlite import Connection

from sdc_web import posts
from sdc_web.api import answers, incoming
from sdc_web.api.conditions import unless_changed
from sdc_web.api.once import once
from sdc_web.authors import rights
from sdc_web.db import Databases
from sdc_web.posts import tags_moved
from sdc_web.posts.tags import Colour
from sdc_web.problems import AnyRequest
from sdc_web.tokens import Bearer


class Tag(msgspec.Struct, frozen=True, kw_only=True):
    """A tag and how many published posts carry it; `colour` is empty for none."""

    name: str
    colour: Colour
    description: str
    posts: int


class Tags(msgspec.Struct, frozen=True, kw_only=True):
    """All of them, by name."""

    tags: tuple[Tag, ...]


class TagWhole(Tag, frozen=True, kw_only=True):
    """A tag with the names that it had: what is saved with one of them carries this tag."""

    former_names: tuple[str, ...]


class TagMerge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The tag that takes this one's place, and keeps its colour and its words."""

    into: str


class TagChanges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """New values for some fields; what is left out stays."""

    name: str | UnsetType = UNSET
    colour: Colour | UnsetType = UNSET
    description: str | UnsetType = UNSET


@get("/tags", right="tags.read")
async def index(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    reader: NamedDependency[Bearer],
) -> Response[bytes]:
    """List the tags."""
    async with databases.site.read() as connection:
        found = await posts.tags.in_use(connection, reader.actor)
    return answers.send(request, Tags(tags=tuple(_tag_of(each) for each in found)))


@get("/tags/{name:str}", right="tags.read")
async def show(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    reader: NamedDependency[Bearer],
    name: FromPath[str],
) -> Response[bytes]:
    """Read a tag with the names that it had."""
    return await _answer(request, databases, reader, name)


@patch("/tags/{name:str}", right="tags.change")
async def change(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    writer: NamedDependency[Bearer],
    name: FromPath[str],
) -> Response[bytes]:
    """Colour, describe or rename a tag; every post that carries it follows, and its old address leads on."""
    given = incoming.given(await incoming.body(request, TagChanges))
    guard = unless_changed(request, lambda connection: _now(connection, name))
    changed = await posts.tags.change(databases.site, writer.actor, name, given, guard)
    return await _answer(request, databases, writer, changed.name)


@post("/tags/{name:str}/merge", status_code=200, right="tags.change")
async def merge(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    writer: NamedDependency[Bearer],
    name: FromPath[str],
) -> Response[bytes]:
    """Have another tag take the place of this one in every post; answers the other one. The old address leads on."""
    into = (await incoming.body(request, TagMerge)).into
    guard = unless_changed(request, lambda connection: _now(connection, name))

    async def work(_: str) -> Response[bytes]:
        await posts.tags.merge(databases.site, writer.actor, name, into, guard)
        return await _answer(request, databases, writer, into)

    return await once(request, databases.ttl, writer, await incoming.body_sha256(request), work)


@delete("/tags/{name:str}", right="tags.change")
async def remove(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    writer: NamedDependency[Bearer],
    name: FromPath[str],
) -> None:
    """Take a tag off every post."""
    guard = unless_changed(request, lambda connection: _now(connection, name))
    await posts.tags.delete(databases.site, writer.actor, name, guard)


@delete("/tags/{name:str}/former-names/{former_name:str}", right="tags.change")
async def free(
    databases: NamedDependency[Databases],
    writer: NamedDependency[Bearer],
    name: FromPath[str],
    former_name: FromPath[str],
) -> None:
    """Let a name that a tag had be a tag of its own again; its old address leads nowhere then."""
    if not await tags_moved.free(databases.site, writer.actor, name, former_name):
        raise NotFound("this tag never had that name")


async def _answer(request: AnyRequest, databases: Databases, by: Bearer, name: str) -> Response[bytes]:
    rights.require(by.actor, "tags.read")
    async with databases.site.read() as connection:
        return answers.send(request, await _now(connection, name))


async def _now(connection: Connection, name: str) -> TagWhole:
    """Raises NotFound."""
    found = posts.tags.among(await posts.tags.everything(connection), name)
    former = await tags_moved.former(connection, name)
    return TagWhole(**msgspec.structs.asdict(_tag_of(found)), former_names=tuple(former))


def _tag_of(found: posts.tags.Counted) -> Tag:
    return msgspec.convert(found, Tag, from_attributes=True)


route_handlers = [index, show, change, merge, remove, free]
