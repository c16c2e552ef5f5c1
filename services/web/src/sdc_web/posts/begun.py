"""A text for whoever sits down to write."""

from sdc_core import clock

from sdc_web.authors.rights import Actor
from sdc_web.db import Databases
from sdc_web.posts import catalogue, preview_links, store
from sdc_web.posts.records import Kind, Post

OPEN_ELSEWHERE_US = 600 * clock.SECOND_US


async def blank(databases: Databases, by: Actor, kind: Kind) -> Post:
    """One of theirs in which nothing was ever written, or else a new one. One that was begun a moment ago stays out of
    it: it may be open in another tab; and so does one that was shared, whose link would let somebody read along, or
    hidden from search engines. Raises Forbidden.
    """
    async with databases.site.transaction() as connection:
        now_us = clock.now_us()
        left = await store.never_written(connection, by.id, kind, now_us - OPEN_ELSEWHERE_US)
        if left is not None:
            async with databases.ttl.read() as links:
                if not await preview_links.count(links, left.id, now_us):
                    return left
        return await catalogue.begin(connection, by, kind)
