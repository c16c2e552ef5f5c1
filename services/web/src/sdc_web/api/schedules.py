"""What a post will do by itself: its place in the schedule taken back, the moment at which it leaves the site."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Response, delete, put
from litestar.di import NamedDependency
from msgspec import Meta

from sdc_web.api import incoming
from sdc_web.api.one_post import OnePost
from sdc_web.posts import schedule


class NewExpiry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When it leaves the site; null for never."""

    unpublish_at: Annotated[datetime, Meta(tz=True)] | None


@delete("/posts/{post_id:str}/schedule", status_code=200, right="posts.publish")
async def cancel(one: NamedDependency[OnePost]) -> Response[bytes]:
    """Publish nothing at the set moment; what readers see stays, and so does the text."""
    await schedule.cancel(one.site, one.by, one.id)
    return await one.answer()


@put("/posts/{post_id:str}/expiry", status_code=200, right="posts.publish")
async def expire(one: NamedDependency[OnePost]) -> Response[bytes]:
    """Have a post that is published or scheduled leave the site at a moment, or stay; nothing is published by this."""
    at = (await incoming.body(one.request, NewExpiry)).unpublish_at
    at_us = None if at is None else incoming.at_us(at, "unpublish_at")
    await schedule.set_end(one.site, one.by, one.id, at_us)
    return await one.answer()


route_handlers = [cancel, expire]
