"""What the tests of webmentions ask and change of the site."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import msgspec
from sdc_core import clock
from sdc_web import posts
from sdc_web.db import Databases
from sdc_web.posts import Draft, Post
from sdc_web.webmentions import told

from signing_in import OWNER

Publish: TypeAlias = Callable[..., Awaitable[Post]]
Tell: TypeAlias = Callable[..., Awaitable[int]]
SITE = "https://ada.example"
HOUR_US = 3_600 * clock.SECOND_US


async def rows(databases: Databases) -> list[told.Row]:
    """What was told, or is to be."""
    async with databases.site.read() as connection:
        return await told.listed(connection, OWNER)


async def change(databases: Databases, post: Post, body: str, **fields: str) -> None:
    """Readers see another text from now on."""
    async with databases.site.read() as connection:
        number = (await posts.revisions.newest(connection, OWNER, post.id)).number
    draft = msgspec.convert({"title": "Fog", "body": body, **fields}, Draft)
    await posts.revisions.save(databases.site, OWNER, post.id, draft, number)
    await posts.publish(databases.site, OWNER, post.id)
