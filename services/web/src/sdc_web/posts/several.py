"""One thing done to several texts: each in a transaction of its own, so that one that cannot be done stops no other."""

from collections.abc import Awaitable, Callable, Sequence

import msgspec
from sdc_core.errors import NotFound, SdcError
from sdc_core.sqlite import Connection, Database

from sdc_web.authors.rights import Actor
from sdc_web.posts import catalogue, publication, tags, whole
from sdc_web.posts.listing import COLUMNS, Listed, lines

MAX = 200


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """A text that it could not be done to, and why."""

    post_id: str
    words: str


SQL_CHOSEN = f"""
{COLUMNS}
FROM json_each(:post_ids) AS chosen
CROSS JOIN posts ON posts.id = chosen.value
JOIN catalogue AS listed ON listed.post_id = posts.id
WHERE :author_id IS NULL OR posts.author_id = :author_id
GROUP BY posts.id ORDER BY chosen.key
"""


async def chosen(connection: Connection, by: Actor, post_ids: Sequence[str]) -> list[Listed]:
    """Those of them that there still are and that they may read, each once, in the order given. Raises Forbidden."""
    encoded = msgspec.json.encode(post_ids[:MAX]).decode()
    return await lines(connection, SQL_CHOSEN, {"post_ids": encoded, "author_id": by.only_own("posts.read")})


async def publish(database: Database, by: Actor, post_ids: Sequence[str]) -> list[Refusal]:
    """Put the newest revision of each before readers, now."""

    async def one(post_id: str) -> None:
        await publication.publish(database, by, post_id)

    return await _each(post_ids, one)


async def unpublish(database: Database, by: Actor, post_ids: Sequence[str]) -> list[Refusal]:
    """Take each away from readers, and from the schedule."""

    async def one(post_id: str) -> None:
        await publication.unpublish(database, by, post_id)

    return await _each(post_ids, one)


async def delete(database: Database, by: Actor, post_ids: Sequence[str]) -> list[Refusal]:
    """Delete each with all its revisions; one that is gone already is as it should be."""

    async def one(post_id: str) -> None:
        try:
            await catalogue.delete(database, by, post_id)
        except NotFound:
            return

    return await _each(post_ids, one)


async def tag(database: Database, by: Actor, post_ids: Sequence[str], name: str) -> list[Refusal]:
    """Give each a tag more. Readers see it at once where they see the newest revision; elsewhere it waits with the rest
    of what is not published. Raises Invalid for a name that is none.
    """
    async with database.read() as connection:
        (wanted,) = await tags.names(connection, (name,)) or ("",)
        states = {each.id: each.state for each in await chosen(connection, by, post_ids)}

    async def one(post_id: str) -> None:
        async with database.read() as connection:
            before = await whole.whole(connection, by, post_id)
        if wanted in before.tags or not wanted:
            return
        saved = await whole.amend(database, by, post_id, {"tags": (*before.tags, wanted)}, before.number)
        if states.get(post_id) == "published":
            await publication.publish(database, by, post_id, base_number=saved.number)

    return await _each(post_ids, one)


async def _each(post_ids: Sequence[str], one: Callable[[str], Awaitable[None]]) -> list[Refusal]:
    refused = []
    for post_id in dict.fromkeys(post_ids[:MAX]):
        try:
            await one(post_id)
        except SdcError as error:
            refused.append(Refusal(post_id=post_id, words=str(error)))
    return refused
