"""The tags that published posts carry: listed, coloured, described, renamed."""

import msgspec
from litestar import Response, get, patch
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import UNSET, UnsetType

from sdc_web import posts
from sdc_web.api import answers, incoming
from sdc_web.db import Databases
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


@patch("/tags/{name:str}", right="tags.change")
async def change(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    writer: NamedDependency[Bearer],
    name: FromPath[str],
) -> Response[bytes]:
    """Colour, describe or rename a tag; every post that carries it follows, and its old address leads on."""
    changes = msgspec.structs.asdict(await incoming.body(request, TagChanges))
    given = {field: value for field, value in changes.items() if value is not UNSET}
    return answers.send(request, _tag_of(await posts.tags.change(databases.site, writer.actor, name, given)))


def _tag_of(found: posts.tags.Counted) -> Tag:
    return msgspec.convert(found, Tag, from_attributes=True)


route_handlers = [index, change]
