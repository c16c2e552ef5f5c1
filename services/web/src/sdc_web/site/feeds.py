"""Feeds of the site, of its projects, of each tag and of each series: the newest, whole, in three formats."""

import asyncio
import re
from collections.abc import Sequence

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec.structs import replace
from sdc_core.errors import NotFound
from sdc_core.settings import Settings
from sdc_core.sqlite import Connection

from sdc_web import posts, redirects
from sdc_web.db import Databases
from sdc_web.media import Asset
from sdc_web.posts import Front, Published
from sdc_web.posts.reading import Summary
from sdc_web.problems import AnyRequest
from sdc_web.site import feed_formats
from sdc_web.site.feed_formats import Feed
from sdc_web.site.views import assets_of

IN_FEED = 30
ATOM, RSS, JSON = "feed.xml", "rss.xml", "feed.json"
_FORMATS = {
    ATOM: (feed_formats.atom, "application/atom+xml; charset=utf-8"),
    RSS: (feed_formats.rss, "application/rss+xml; charset=utf-8"),
    JSON: (feed_formats.json, "application/feed+json"),
}
_ARCHIVE = re.compile(r"([1-9][0-9]{0,6})\.xml")

NamedDatabases = NamedDependency[Databases]
NamedSettings = NamedDependency[Settings]


@get([f"/{ATOM}", f"/{RSS}", f"/{JSON}"])
async def whole(request: AnyRequest, databases: NamedDatabases, settings: NamedSettings) -> Response[str]:
    """The newest posts, with their texts."""
    async with databases.site.read() as connection:
        front = await posts.front(connection, settings.site_url)
        found = await posts.newest(connection, "post", IN_FEED)
        assets = await assets_of(connection, found, settings)
        many = await posts.in_feeds(connection, "post") if _name(request) == ATOM else 0
    feed = _feed(request, settings, front, "", front.title, found)
    feed = replace(feed, before=_archive(front, many // IN_FEED if many > IN_FEED else 0))
    return await asyncio.to_thread(_written, request, feed, found, assets)


@get("/feed/{name:str}")
async def archived(
    request: AnyRequest, databases: NamedDatabases, settings: NamedSettings, name: FromPath[str]
) -> Response[str]:
    """The posts of former days, as many as the feed has, from `/feed/1.xml`, the oldest, on (RFC 5005 section 4). What
    is full stays as it is until something in it changes, or goes.
    """
    found = _ARCHIVE.fullmatch(name)
    number = int(found[1]) if found else 0
    async with databases.site.read() as connection:
        front = await posts.front(connection, settings.site_url)
        many = await posts.in_feeds(connection, "post")
        if not 0 < number * IN_FEED <= many:
            raise NotFound("No posts of former days are here.")
        listed = await posts.newest(connection, "post", IN_FEED, many - number * IN_FEED)
        assets = await assets_of(connection, listed, settings)
    feed = replace(
        _feed(request, settings, front, "", front.title, listed),
        address=_archive(front, number),
        current=f"{front.url}/{ATOM}",
        before=_archive(front, number - 1),
        after=_archive(front, number + 1 if (number + 1) * IN_FEED <= many else 0),
        hub="",
    )
    return await asyncio.to_thread(_written, request, feed, listed, assets, ATOM)


@get([f"/projects/{name}" for name in (ATOM, RSS, JSON)])
async def projects(request: AnyRequest, databases: NamedDatabases, settings: NamedSettings) -> Response[str]:
    """The newest projects, with their texts. No hub is told of them."""
    async with databases.site.read() as connection:
        front = await posts.front(connection, settings.site_url)
        found = await posts.newest(connection, "project", IN_FEED)
        assets = await assets_of(connection, found, settings)
    feed = _feed(request, settings, front, "/projects", f"{front.title}: Projects", found)
    return await asyncio.to_thread(_written, request, replace(feed, hub=""), found, assets)


@get([f"/tags/{{tag:str}}/{name}" for name in (ATOM, RSS, JSON)])
async def tagged(
    request: AnyRequest, databases: NamedDatabases, settings: NamedSettings, tag: FromPath[str]
) -> Response[str]:
    """The newest posts that carry a tag."""
    async with databases.site.read() as connection:
        front = await posts.front(connection, settings.site_url)
        found = await posts.newest_tagged(connection, tag, IN_FEED)
        carrying = found or [each for each in await posts.tagged(connection, tag) if each.kind == "post"]
        if not carrying:
            return await _moved(connection, request, f"/tags/{tag}", "No published post carries this tag.")
        named = await posts.tags.described(connection, tag)
        assets = await assets_of(connection, found, settings)
    feed = _feed(request, settings, front, named.url, f"{front.title}: {tag}", carrying)
    feed = replace(feed, description=named.description or front.description)
    return await asyncio.to_thread(_written, request, feed, found, assets)


@get([f"/series/{{slug:str}}/{name}" for name in (ATOM, RSS, JSON)])
async def series(
    request: AnyRequest, databases: NamedDatabases, settings: NamedSettings, slug: FromPath[str]
) -> Response[str]:
    """The newest posts of a series."""
    async with databases.site.read() as connection:
        front = await posts.front(connection, settings.site_url)
        named = await posts.series.by_slug(connection, slug)
        found = await posts.series.newest(connection, named.id, IN_FEED) if named else []
        parts = found or (await posts.series.parts(connection, named.id) if named else [])
        if named is None or not parts:
            message = "No published post belongs to this series."
            return await _moved(connection, request, f"/series/{slug}", message)
        assets = await assets_of(connection, found, settings)
    feed = replace(
        _feed(request, settings, front, named.url, f"{front.title}: {named.title}", parts),
        id=feed_formats.urn(named.id),
        description=named.description or front.description,
    )
    return await asyncio.to_thread(_written, request, feed, found, assets)


route_handlers = [whole, archived, projects, tagged, series]


def _feed(
    request: AnyRequest, settings: Settings, front: Front, page: str, title: str, listed: Sequence[Summary]
) -> Feed:
    """`listed` is on its page: the entries, or where all of that is at home elsewhere and no entry, that."""
    address = f"{front.url}{page}/{_name(request)}"
    return Feed(
        id=feed_formats.part_urn(front.uuid, page),
        title=title,
        description=front.description,
        address=address,
        page=front.url + (page or "/"),
        hub=settings.WEBSUB_HUB,
        updated_at_us=max((each.updated_at_us for each in listed), default=0),
        front=front,
    )


def _archive(front: Front, number: int) -> str:
    """The address of that part of the past; empty for none."""
    return f"{front.url}/feed/{number}.xml" if number else ""


def _written(
    request: AnyRequest, feed: Feed, found: list[Published], assets: dict[str, Asset], name: str = ""
) -> Response[str]:
    """The feed in the format that its address names, unless it is named here. Renders, so it runs in a thread."""
    write, media_type = _FORMATS[name or _name(request)]
    text = write(feed, [feed_formats.entry(post, assets, feed.front.url) for post in found])
    # Programs in browsers, on whichever site, may read what everybody may.
    headers = {"cache-control": "no-cache", "access-control-allow-origin": "*"}
    if feed.hub:
        # WebSub section 4: what a subscriber looks at first.
        headers["link"] = f'<{feed.hub}>; rel="hub", <{feed.address}>; rel="self"'
    return Response(text, media_type=media_type, headers=headers)


async def _moved(connection: Connection, request: AnyRequest, page: str, message: str) -> Response[str]:
    """The feed of a page whose address was another one: those who follow it go on doing so. Else raises NotFound."""
    target = await redirects.find(connection, page)
    if target is None or not target.startswith(("/tags/", "/series/")):
        raise NotFound(message)
    headers = {"location": f"{target}/{_name(request)}", "cache-control": "no-cache"}
    return Response("", status_code=301, headers=headers)


def _name(request: AnyRequest) -> str:
    return str(request.scope["path"]).rpartition("/")[2]
