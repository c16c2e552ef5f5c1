"""The publication of a post: made now or for a set moment, taken back, and hidden from search engines."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Response, delete, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import UNSET, Meta, UnsetType
from sdc_core.settings import Settings

from sdc_web import posts
from sdc_web.api import answers, incoming
from sdc_web.api.once import once
from sdc_web.api.posts import read
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.tokens import Bearer


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
async def create(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    writer: NamedDependency[Bearer],
    post_id: FromPath[str],
) -> Response[bytes]:
    """Publish the newest revision, now or at a set moment. The body may be left out."""
    wanted = await incoming.body(request, NewPublication) if await request.body() else NewPublication()
    at_us = None if wanted.at is None else incoming.at_us(wanted.at, "at")
    ends = wanted.unpublish_at
    ends_us = incoming.at_us(ends, "unpublish_at") if isinstance(ends, datetime) else ends
    base = incoming.base_number(request)

    async def make(_: str) -> Response[bytes]:
        published = await posts.publish(databases.site, writer.actor, post_id, at_us, base, unpublish_at_us=ends_us)
        told = await read(databases, settings, writer, post_id)
        return answers.send_publication(request, told, published.faults)

    return await once(request, databases.ttl, writer, await incoming.body_sha256(request), make)


@delete("/posts/{post_id:str}/publication", status_code=200, right="posts.publish")
async def remove(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    writer: NamedDependency[Bearer],
    post_id: FromPath[str],
) -> Response[bytes]:
    """Take the post off the site and out of the schedule; its text is kept."""
    await posts.unpublish(databases.site, writer.actor, post_id, incoming.base_number(request))
    return answers.send_post(request, await read(databases, settings, writer, post_id))


@put("/posts/{post_id:str}/indexing", status_code=200, right="posts.publish")
async def index(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    writer: NamedDependency[Bearer],
    post_id: FromPath[str],
) -> Response[bytes]:
    """Ask search engines to leave a post out, or to take it in again; readers find it as before."""
    wanted = await incoming.body(request, NewIndexing)
    await posts.indexing.hide(databases.site, writer.actor, post_id, hidden=wanted.noindex)
    return answers.send_post(request, await read(databases, settings, writer, post_id))


route_handlers = [create, remove, index]
