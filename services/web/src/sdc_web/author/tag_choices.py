"""What the editor suggests while a tag is typed, where a site has more of them than its page tells."""

import msgspec
from litestar import MediaType, Response, get
from litestar.di import NamedDependency
from sdc_core.sqlite import Connection

from sdc_web import posts
from sdc_web.author import forms
from sdc_web.authors.rights import Actor
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn

AT_ONCE = 100
"""Names that stand in the page itself."""
SHOWN = 8


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a name."""

    q: str


@get("/author/tag-choices", right="tags.read")
async def index(
    request: AnyRequest, databases: NamedDependency[Databases], author: NamedDependency[SignedIn]
) -> Response[str]:
    """Names with that in them, one a line, those first that begin so."""
    part = forms.fields(request.scope["query_string"].decode("latin-1"), Asked).q.strip().lower()
    async with databases.site.read() as connection:
        names = [each.name for each in await posts.tags.in_use(connection, author.actor)]
    found = sorted((name for name in names if part in name.lower()), key=lambda name: not name.lower().startswith(part))
    return Response("\n".join(found[:SHOWN]), media_type=MediaType.TEXT)


async def most_used(connection: Connection, by: Actor) -> list[str]:
    """What the page itself tells: the names that most texts carry. Raises Forbidden."""
    used = sorted(await posts.tags.in_use(connection, by), key=lambda each: -each.posts)
    return [each.name for each in used[:AT_ONCE]]


route_handlers = [index]
