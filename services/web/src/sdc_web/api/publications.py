"""The publication of a post: made now or for a set moment, taken back, and hidden from search engines."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Response, delete, post, put
from litestar.di import NamedDependency
from msgspec import UNSET, Meta, UnsetType

from sdc_web import posts
from sdc_web.api import answers, incoming
from sdc_web.api.one_post import OnePost


class NewPublication(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When: a moment to come schedules it; one that has passed is the date that readers see, if it is the first. At
    `unpublish_at` it leaves the site, with null never; left out, that stays as it is.
    """

    at: Annotated[datetime, Meta(tz=True)] | None = None
    unpublish_at: Annotated[datetime, Meta(tz=True)] | UnsetType | None = UNSET


class NewIndexing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether search engines are asked to leave it out."""

    noindex: bool


@post("/posts/{post_id:str}/publication", status_code=200, right="posts.publish")
async def create(one: NamedDependency[OnePost]) -> Response[bytes]:
    """Publish the newest revision, now or at a set moment. The body may be left out."""
    wanted = await incoming.body(one.request, NewPublication) if await one.request.body() else NewPublication()
    at_us = None if wanted.at is None else incoming.at_us(wanted.at, "at")
    ends = wanted.unpublish_at
    ends_us = incoming.at_us(ends, "unpublish_at") if isinstance(ends, datetime) else ends
    base = incoming.base_number(one.request)

    async def make(_: str) -> Response[bytes]:
        published = await posts.publish(one.site, one.by, one.id, at_us, base, unpublish_at_us=ends_us)
        told = await one.read()
        return answers.send_publication(one.request, told, published.faults)

    return await one.once(make)


@delete("/posts/{post_id:str}/publication", status_code=200, right="posts.publish")
async def remove(one: NamedDependency[OnePost]) -> Response[bytes]:
    """Take the post off the site and out of the schedule; its text is kept."""
    await posts.unpublish(one.site, one.by, one.id, incoming.base_number(one.request))
    return await one.answer()


@put("/posts/{post_id:str}/indexing", status_code=200, right="posts.publish")
async def index(one: NamedDependency[OnePost]) -> Response[bytes]:
    """Ask search engines to leave a post out, or to take it in again; readers find it as before."""
    wanted = await incoming.body(one.request, NewIndexing)
    await posts.indexing.hide(one.site, one.by, one.id, hidden=wanted.noindex)
    return await one.answer()


route_handlers = [create, remove, index]
