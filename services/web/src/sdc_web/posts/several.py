"""One thing done to several texts: each in a transaction of its own, so that one that cannot be done stops no other."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

import msgspec
from sdc_core.errors import NotFound, SdcError
from sdc_core.sqlite import Connection, Database

from sdc_web.authors.rights import Actor
from sdc_web.posts import handing, publication, tags, trash, whole
from sdc_web.posts.listing import COLUMNS, Listed, lines
from sdc_web.posts.whole import Whole

MAX = 200
Changes: TypeAlias = Mapping[str, object]
"""Fields of a `Draft` and what they are to hold."""


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
    """Put each into the trash; one that is gone already is as it should be."""

    async def one(post_id: str) -> None:
        try:
            await trash.put(database, by, post_id)
        except NotFound:
            return

    return await _each(post_ids, one)


async def hand_over(database: Database, by: Actor, post_ids: Sequence[str], name: str) -> list[Refusal]:
    """Each is that author's from now on."""

    async def one(post_id: str) -> None:
        await handing.hand_over(database, by, post_id, name)

    return await _each(post_ids, one)


async def tag(database: Database, by: Actor, post_ids: Sequence[str], name: str) -> list[Refusal]:
    """Give each a tag more. Readers see it at once where they see the newest revision; elsewhere it waits with the rest
    of what is not published. Raises Invalid for a name that is none.
    """
    wanted = await _named(database, name)

    def more(text: Whole) -> Changes:
        return {} if wanted in text.tags or not wanted else {"tags": (*text.tags, wanted)}

    return await _amended(database, by, post_ids, more)


async def untag(database: Database, by: Actor, post_ids: Sequence[str], name: str) -> list[Refusal]:
    """Take a tag off each that has it; otherwise as `tag`."""
    unwanted = await _named(database, name)

    def fewer(text: Whole) -> Changes:
        left = tuple(each for each in text.tags if each != unwanted)
        return {} if left == tuple(text.tags) else {"tags": left}

    return await _amended(database, by, post_ids, fewer)


async def serialise(database: Database, by: Actor, post_ids: Sequence[str], title: str) -> list[Refusal]:
    """Put each into a series, behind its other parts by date, or with an empty title out of the one that it is in;
    otherwise as `tag`. What is no post refuses.
    """
    title = title.strip()

    def moved(text: Whole) -> Changes:
        return {} if title == text.series else {"series": title, "series_position": None}

    return await _amended(database, by, post_ids, moved)


async def _named(database: Database, name: str) -> str:
    """The tag as it is spelt where there is one already; empty for no name."""
    async with database.read() as connection:
        (wanted,) = await tags.names(connection, (name,)) or ("",)
    return wanted


async def _amended(
    database: Database, by: Actor, post_ids: Sequence[str], changes: Callable[[Whole], Changes]
) -> list[Refusal]:
    """Each with other values in those fields; one without changes stays as it is."""
    async with database.read() as connection:
        states = {each.id: each.state for each in await chosen(connection, by, post_ids)}

    async def one(post_id: str) -> None:
        async with database.read() as connection:
            before = await whole.whole(connection, by, post_id)
        values = changes(before)
        if not values:
            return
        saved = await whole.amend(database, by, post_id, values, before.number)
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
