"""What programs read: the feed, the map of the site, and the rules for robots."""

import asyncio
import re

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from sdc_core.settings import Settings

from sdc_web import posts, templating
from sdc_web.db import Databases
from sdc_web.posts.frontage import HOME
from sdc_web.posts.reading import Summary
from sdc_web.site.views import assets_of, view

IN_FEED = 30
_LOCAL = re.compile(r'(\s(?:href|src))="/(?!/)')
_ANCHOR = re.compile(r'(\shref)="#')


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """A feed's own facts; `path` is its address, `page_path` that of the page it follows."""

    title: str
    path: str
    page_path: str
    updated_at_us: int


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """An address of the site's map, with the moment of its last change where that is known."""

    path: str
    updated_at_us: int | None = None


@get("/feed.xml")
async def atom(databases: NamedDependency[Databases], settings: NamedDependency[Settings]) -> Response[str]:
    async with databases.site.read() as connection:
        front = await posts.front(connection, settings.site_url)
        found = await posts.newest(connection, "post", IN_FEED)
        assets = await assets_of(connection, found)
    feed = Feed(
        title=front.title,
        path="/feed.xml",
        page_path="/",
        updated_at_us=max((each.updated_at_us for each in found), default=0),
    )

    def text() -> str:
        views = [view(each, assets, absolute=front.url) for each in found]
        whole = [
            msgspec.structs.replace(each, body_html=_absolute(each.body_html, front.url, each.url)) for each in views
        ]
        return templating.render("site/feed.xml", site=front, feed=feed, posts=whole)

    return _xml(await asyncio.to_thread(text), "application/atom+xml")


@get("/sitemap.xml")
async def sitemap(databases: NamedDependency[Databases], settings: NamedDependency[Settings]) -> Response[str]:
    async with databases.site.read() as connection:
        front = await posts.front(connection, settings.site_url)
        written = await posts.of_kind(connection, "post")
        projects = await posts.of_kind(connection, "project")
        pages = [each for each in await posts.of_kind(connection, "page") if each.slug != HOME]
        tags = await posts.tags(connection)
    lists = [Place(path="/", updated_at_us=_newest(written)), Place(path="/posts", updated_at_us=_newest(written))]
    if projects:
        lists.append(Place(path="/projects", updated_at_us=_newest(projects)))
    if tags:
        lists.append(Place(path="/tags"))
    singles = [Place(path=each.url, updated_at_us=each.updated_at_us) for each in [*written, *projects, *pages]]
    text = await asyncio.to_thread(templating.render, "site/sitemap.xml", site=front, entries=[*lists, *singles])
    return _xml(text, "application/xml")


@get("/robots.txt")
async def robots(databases: NamedDependency[Databases], settings: NamedDependency[Settings]) -> Response[str]:
    async with databases.site.read() as connection:
        front = await posts.front(connection, settings.site_url)
    text = templating.render("site/robots.txt", site=front)
    return Response(text, media_type="text/plain", headers={"cache-control": "no-cache"})


route_handlers = [atom, sitemap, robots]


def _xml(text: str, media_type: str) -> Response[str]:
    return Response(text.lstrip(), media_type=f"{media_type}; charset=utf-8", headers={"cache-control": "no-cache"})


def _newest(found: list[Summary]) -> int | None:
    return max((each.updated_at_us for each in found), default=None)


def _absolute(html: str, site_url: str, path: str) -> str:
    """Addresses inside a text, whole: a feed is read elsewhere."""
    return _ANCHOR.sub(rf'\1="{site_url}{path}#', _LOCAL.sub(rf'\1="{site_url}/', html))
