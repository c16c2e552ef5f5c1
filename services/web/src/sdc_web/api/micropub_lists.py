"""The list of posts that an app asks for, as an extension of Micropub has it: `q=source` without an address."""

from collections.abc import AsyncGenerator, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta
from sdc_core.errors import Invalid
from sdc_core.settings import Settings
from sdc_core.sqlite import Connection

from sdc_web.api import incoming, micropub_entries
from sdc_web.api.micropub_requests import Json
from sdc_web.db import Databases
from sdc_web.posts import whole
from sdc_web.posts.whole import Overview, Whole
from sdc_web.tokens import Bearer

MAX_CHARACTERS = 1_000_000
"""Of the texts of one answer together, more than one text has: `paging` leads to the rest."""
_TAKEN = frozenset({"limit", "after", "post-status"})


class Asked(msgspec.Struct, frozen=True, kw_only=True, rename={"post_status": "post-status"}):
    """Which ones; what else is asked with is passed over, as everywhere in Micropub."""

    limit: incoming.Limit = 20
    after: incoming.Cursor | None = None
    post_status: Annotated[str, Meta(pattern="^(published|draft)$")] | None = None


async def listed(
    databases: Databases, settings: Settings, reader: Bearer, pairs: Sequence[tuple[str, str]], only: Sequence[str]
) -> Json:
    """Their posts, the one made last first, with some of their properties or all; `paging` leads to the next ones.
    Raises Invalid.
    """
    try:
        asked = msgspec.convert({name: value for name, value in pairs if name in _TAKEN}, Asked, strict=False)
    except msgspec.ValidationError as error:
        raise Invalid(f"this list cannot be asked for: {error}") from None
    on_site = None if asked.post_status is None else asked.post_status == "published"
    filters = whole.Filters(kind="post", on_site=on_site)
    async with databases.site.read() as connection:
        found = await whole.page(connection, reader.actor, filters, before=asked.after or "", limit=asked.limit + 1)
        texts = [each async for each in _texts(connection, reader, found[: asked.limit])]
    told: Json = {"items": [_item(each, settings, only) for each in texts]}
    return told | {"paging": {"after": texts[-1].id}} if len(found) > len(texts) else told


async def _texts(connection: Connection, reader: Bearer, found: Sequence[Overview]) -> AsyncGenerator[Whole]:
    """Them whole, as many as an answer may hold."""
    characters = 0
    for each in found:
        text = await whole.whole(connection, reader.actor, each.id)
        characters += len(text.body)
        if characters > MAX_CHARACTERS:
            return
        yield text


def _item(post: Whole, settings: Settings, only: Sequence[str]) -> Json:
    entry = micropub_entries.of_post(post, settings.site_url)
    told = micropub_entries.told(entry, "published" if post.on_site else "draft", post.published_at_us)
    if post.path:
        told["url"] = [f"{settings.site_url}{post.path}"]
    return {"type": ["h-entry"], "properties": {name: told[name] for name in told if not only or name in only}}
