"""What programs read: feeds of the site, of each tag and of each series, and the map of the site."""

import asyncio
import re
from html import escape
from typing import TypeVar
from urllib.parse import quote

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from sdc_core import clock
from sdc_core.errors import NotFound
from sdc_core.settings import Settings

from sdc_web import posts, templating
from sdc_web.db import Databases
from sdc_web.media import Asset
from sdc_web.posts import Front, Published
from sdc_web.posts.frontage import HOME
from sdc_web.posts.reading import Summary
from sdc_web.problems import AnyRequest
from sdc_web.site import pages
from sdc_web.site.views import View, assets_of, view

IN_FEED = 30
ATOM, RSS, JSON = "feed.xml", "rss.xml", "feed.json"
_LOCAL = re.compile(r'(\s(?:href|src))="/(?!/)')
_ANCHOR = re.compile(r'(\shref)="#')

DescribedT = TypeVar("DescribedT", Front, View)
NamedDatabases = NamedDependency[Databases]
NamedSettings = NamedDependency[Settings]


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


class JsonItem(msgspec.Struct, frozen=True, kw_only=True):
    """An item of JSON Feed 1.1."""

    id: str
    url: str
    title: str
    summary: str
    content_html: str
    date_published: str
    date_modified: str
    tags: tuple[str, ...]


class JsonFeed(msgspec.Struct, frozen=True, kw_only=True):
    """https://www.jsonfeed.org/version/1.1/"""  # noqa: D400

    version: str = "https://jsonfeed.org/version/1.1"
    title: str
    home_page_url: str
    feed_url: str
    description: str
    language: str
    items: tuple[JsonItem, ...]


@get([f"/{ATOM}", f"/{RSS}", f"/{JSON}"])
async def whole(request: AnyRequest, databases: NamedDatabases, settings: NamedSettings) -> Response[str]:
    """The newest posts, with their texts."""
    async with databases.site.read() as connection:
        front = await posts.front(connection, settings.site_url)
        found = await posts.newest(connection, "post", IN_FEED)
        assets = await assets_of(connection, found)
    feed = _feed(front.title, request.scope["path"], "/", found)
    return await asyncio.to_thread(_written, feed, front, found, assets)


@get([f"/tags/{{tag:str}}/{name}" for name in (ATOM, RSS, JSON)])
async def tagged(
    request: AnyRequest, databases: NamedDatabases, settings: NamedSettings, tag: FromPath[str]
) -> Response[str]:
    """The newest posts that carry a tag."""
    async with databases.site.read() as connection:
        front = await posts.front(connection, settings.site_url)
        found = await posts.newest_tagged(connection, tag, IN_FEED)
        assets = await assets_of(connection, found)
    if not found:
        message = "No published post carries this tag."
        raise NotFound(message)
    page_path = f"/tags/{quote(tag)}"
    feed = _feed(f"{front.title}: {tag}", f"{page_path}/{request.scope['path'].rpartition('/')[2]}", page_path, found)
    return await asyncio.to_thread(_written, feed, front, found, assets)


@get([f"/series/{{slug:str}}/{name}" for name in (ATOM, RSS, JSON)])
async def series(
    request: AnyRequest, databases: NamedDatabases, settings: NamedSettings, slug: FromPath[str]
) -> Response[str]:
    """The newest posts of a series."""
    async with databases.site.read() as connection:
        front = await posts.front(connection, settings.site_url)
        named = await posts.series.by_slug(connection, slug)
        found = await posts.series.newest(connection, named.id, IN_FEED) if named else []
        assets = await assets_of(connection, found)
    if named is None or not found:
        message = "No published post belongs to this series."
        raise NotFound(message)
    if named.description:
        front = msgspec.structs.replace(front, description=named.description)
    feed = _feed(f"{front.title}: {named.title}", request.scope["path"], named.url, found)
    return await asyncio.to_thread(_written, feed, front, found, assets)


@get("/sitemap.xml")
async def sitemap(databases: NamedDatabases, settings: NamedSettings) -> Response[str]:
    async with databases.site.read() as connection:
        front = await posts.front(connection, settings.site_url)
        written = await posts.of_kind(connection, "post")
        projects = await posts.of_kind(connection, "project")
        fixed = [each for each in await posts.of_kind(connection, "page") if each.slug != HOME]
        tags = await posts.tags(connection)
        told = await posts.series.everything(connection)
    lists = [Place(path="/", updated_at_us=_newest(written)), Place(path="/posts", updated_at_us=_newest(written))]
    if len(written) > pages.ON_LIST:
        lists += [Place(path=f"/posts/{year}") for year in sorted({_year(each) for each in written})]
    if projects:
        lists.append(Place(path="/projects", updated_at_us=_newest(projects)))
    lists += [Place(path=each.url, updated_at_us=each.updated_at_us) for each in told if each.posts]
    if tags:
        lists.append(Place(path="/tags"))
    singles = [Place(path=each.url, updated_at_us=each.updated_at_us) for each in [*written, *projects, *fixed]]
    text = await asyncio.to_thread(templating.render, "site/sitemap.xml", site=front, entries=[*lists, *singles])
    return _answer(text.lstrip(), "application/xml; charset=utf-8")


route_handlers = [whole, tagged, series, sitemap]


def _feed(title: str, path: str, page_path: str, found: list[Published]) -> Feed:
    return Feed(title=title, path=path, page_path=page_path, updated_at_us=_newest(found) or 0)


def _written(feed: Feed, front: Front, found: list[Published], assets: dict[str, Asset]) -> Response[str]:
    """The feed in the format that its address names. Renders, so it runs in a thread."""
    entries = [_entry(post, assets, front.url) for post in found]
    match feed.path.rpartition("/")[2]:
        case "rss.xml":
            text = templating.render(
                "site/rss.xml", site=_as_html(front), feed=feed, posts=list(map(_as_html, entries))
            )
            return _answer(text.lstrip(), "application/rss+xml; charset=utf-8")
        case "feed.json":
            return _answer(_json(feed, front, entries), "application/feed+json")
        case _:
            text = templating.render("site/feed.xml", site=front, feed=feed, posts=entries)
            return _answer(text.lstrip(), "application/atom+xml; charset=utf-8")


def _as_html(described: DescribedT) -> DescribedT:
    """With its words as HTML, which is what RSS takes every description for."""
    if isinstance(described, Front):
        return msgspec.structs.replace(described, description=escape(described.description, quote=False))
    return msgspec.structs.replace(described, summary=escape(described.summary, quote=False))


def _json(feed: Feed, front: Front, entries: list[View]) -> str:
    items = tuple(
        JsonItem(
            id=f"{front.url}/posts/{each.id}",
            url=front.url + each.url,
            title=each.title,
            summary=each.summary,
            content_html=each.body_html,
            date_published=templating.iso(each.published_at_us),
            date_modified=templating.iso(each.updated_at_us),
            tags=each.tags,
        )
        for each in entries
    )
    whole_feed = JsonFeed(
        title=feed.title,
        home_page_url=front.url + feed.page_path,
        feed_url=front.url + feed.path,
        description=front.description,
        language=front.language,
        items=items,
    )
    return msgspec.json.encode(whole_feed).decode()


def _entry(post: Published, assets: dict[str, Asset], site_url: str) -> View:
    """A feed is read elsewhere: addresses inside a text are made whole."""
    shown = view(post, assets, absolute=site_url)
    html = _ANCHOR.sub(rf'\1="{site_url}{shown.url}#', _LOCAL.sub(rf'\1="{site_url}/', shown.body_html))
    return msgspec.structs.replace(shown, body_html=html)


def _answer(text: str, media_type: str) -> Response[str]:
    return Response(text, media_type=media_type, headers={"cache-control": "no-cache"})


def _year(post: Summary) -> int:
    return clock.to_datetime(post.published_at_us).year


def _newest(found: list[Summary] | list[Published]) -> int | None:
    return max((each.updated_at_us for each in found), default=None)
