"""The tags that published posts carry."""

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from sdc_web import posts
from sdc_web.api import answers
from sdc_web.db import Databases
from sdc_web.tokens import ApiToken


class Tag(msgspec.Struct, frozen=True, kw_only=True):
    """A tag and how many published posts carry it."""

    name: str
    posts: int


class Tags(msgspec.Struct, frozen=True, kw_only=True):
    """All of them, by name."""

    tags: tuple[Tag, ...]


@get("/tags")
async def index(
    databases: NamedDependency[Databases],
    reader: NamedDependency[ApiToken],  # noqa: ARG001 - asked for so that nobody else gets here
) -> Response[bytes]:
    """List the tags."""
    async with databases.site.read() as connection:
        found = await posts.tags(connection)
    return answers.send(Tags(tags=tuple(Tag(name=each.name, posts=each.posts) for each in found)))


route_handlers = [index]
