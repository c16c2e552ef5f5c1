"""Series: listed, read with their parts, begun, worded, deleted. A post says itself which one it belongs to."""

from typing import Annotated, TypeAlias

import msgspec
from litestar import Response, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import UNSET, Meta, UnsetType
from sdc_core.settings import Settings
from sdc_core.sqlite import Connection

from sdc_web import posts
from sdc_web.api import answers, incoming
from sdc_web.api.answers import Moment, PublishedPost
from sdc_web.api.conditions import unless_changed
from sdc_web.api.once import once
from sdc_web.authors import rights
from sdc_web.db import Databases
from sdc_web.posts.series import MAX_DESCRIPTION, MAX_TITLE
from sdc_web.problems import AnyRequest
from sdc_web.tokens import Bearer

Title: TypeAlias = Annotated[str, Meta(description=f"One line of at most {MAX_TITLE} characters.")]
Slug: TypeAlias = Annotated[str, Meta(description="Small letters, digits and single hyphens.")]
Words: TypeAlias = Annotated[str, Meta(description=f"One line of at most {MAX_DESCRIPTION} characters.")]


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """Posts in an order of their own. `posts` counts those that readers see, `updated_at` is when the last of them
    changed, null while there is none.
    """

    id: str
    title: str
    slug: str
    url: str
    description: str
    posts: int
    updated_at: Moment | None


class SeriesList(msgspec.Struct, frozen=True, kw_only=True):
    """All of them, by title."""

    series: tuple[Series, ...]


class SeriesWhole(Series, frozen=True, kw_only=True):
    """A series with its parts in their order: by `series_position`, then by date."""

    parts: tuple[PublishedPost, ...]


class NewSeries(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A series to be begun. Without a slug it is made from the title."""

    title: Title
    slug: Slug = ""
    description: Words = ""


class SeriesChanges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """New values for some fields; what is left out stays."""

    title: Title | UnsetType = UNSET
    slug: Slug | UnsetType = UNSET
    description: Words | UnsetType = UNSET


class SeriesOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ids of all published parts, in the order in which they are to be read."""

    post_ids: tuple[str, ...]


@get("/series", right="series.read")
async def index(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    reader: NamedDependency[Bearer],
) -> Response[bytes]:
    """List the series, those without a published post as well."""
    async with databases.site.read() as connection:
        found = await posts.series.listed(connection, reader.actor)
    told = tuple(_told(each, each.posts, each.updated_at_us, settings) for each in found)
    return answers.send(request, SeriesList(series=told))


@post("/series", status_code=201, right="series.change")
async def create(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    writer: NamedDependency[Bearer],
) -> Response[bytes]:
    """Begin a series. One that a post names by a title that no series has is begun by itself."""
    new = await incoming.body(request, NewSeries)

    async def make(series_id: str) -> Response[bytes]:
        given = posts.series.Series(id=series_id, slug=new.slug, title=new.title, description=new.description)
        await posts.series.begin(databases.site, writer.actor, given)
        headers = {"location": f"/api/v1/series/{series_id}"}
        return answers.send(request, await _whole(databases, settings, writer, series_id), 201, headers)

    return await once(request, databases.ttl, writer, await incoming.body_sha256(request), make)


@get("/series/{series_id:str}", right="series.read")
async def show(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    reader: NamedDependency[Bearer],
    series_id: FromPath[str],
) -> Response[bytes]:
    """Read a series with its published posts, in their order."""
    return answers.send(request, await _whole(databases, settings, reader, series_id))


@patch("/series/{series_id:str}", right="series.change")
async def change(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    writer: NamedDependency[Bearer],
    series_id: FromPath[str],
) -> Response[bytes]:
    """Title, describe or move a series; its posts name it so at once, and its old address leads on."""
    given = incoming.given(await incoming.body(request, SeriesChanges))
    guard = unless_changed(request, lambda connection: _now(connection, settings, series_id))
    await posts.series.amend(databases.site, writer.actor, series_id, given, guard)
    return answers.send(request, await _whole(databases, settings, writer, series_id))


@put("/series/{series_id:str}/parts", right="series.change")
async def arrange(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    writer: NamedDependency[Bearer],
    series_id: FromPath[str],
) -> Response[bytes]:
    """Put the published parts of a series into this order: each gets its place, from 1, as its `series_position`."""
    post_ids = (await incoming.body(request, SeriesOrder)).post_ids
    guard = unless_changed(request, lambda connection: _now(connection, settings, series_id))
    await posts.series.arrange(databases.site, writer.actor, series_id, post_ids, guard)
    return answers.send(request, await _whole(databases, settings, writer, series_id))


@delete("/series/{series_id:str}", right="series.change")
async def remove(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    writer: NamedDependency[Bearer],
    series_id: FromPath[str],
) -> None:
    """Delete a series; its posts stay, and belong to none."""
    guard = unless_changed(request, lambda connection: _now(connection, settings, series_id))
    await posts.series.delete(databases.site, writer.actor, series_id, guard)


async def _whole(databases: Databases, settings: Settings, by: Bearer, series_id: str) -> SeriesWhole:
    rights.require(by.actor, "series.read")
    async with databases.site.read() as connection:
        return await _now(connection, settings, series_id)


async def _now(connection: Connection, settings: Settings, series_id: str) -> SeriesWhole:
    """Raises NotFound."""
    found = await posts.series.find(connection, series_id)
    parts = await posts.series.parts(connection, series_id)
    updated_at_us = max((each.updated_at_us for each in parts), default=None)
    told = msgspec.structs.asdict(_told(found, len(parts), updated_at_us, settings))
    return SeriesWhole(**told, parts=tuple(answers.published_of(each, settings.site_url) for each in parts))


def _told(found: posts.series.Series, count: int, updated_at_us: int | None, settings: Settings) -> Series:
    return Series(
        id=found.id,
        title=found.title,
        slug=found.slug,
        url=f"{settings.site_url}{found.url}",
        description=found.description,
        posts=count,
        updated_at=answers.moment_or_none(updated_at_us),
    )


route_handlers = [index, create, show, change, arrange, remove]
