"""The pages that people read. Each asks the database once, in one read transaction, and is put together in a thread."""

import asyncio
import re
from itertools import groupby

from litestar import MediaType, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from sdc_core.errors import Gone, NotFound
from sdc_core.settings import Settings

from sdc_web import posts, redirects, templating, webmentions, zones
from sdc_web.db import Databases
from sdc_web.media import Asset
from sdc_web.posts import Front, Kind, Near, Published
from sdc_web.posts.frontage import HOME
from sdc_web.posts.languages import Translations
from sdc_web.posts.reading import Summary
from sdc_web.posts.records import path_of
from sdc_web.posts.series import Place
from sdc_web.site import linked_data, share, webmention
from sdc_web.site.views import View, Year, assets_of, by_section, view
from sdc_web.webmentions.received import Shown

ON_HOME = 8
ON_LIST = 100
"""On `/posts`, on `/projects` and on the page of a tag; what is older stands on the page of its year."""
NOT_TAGGED = "No published post carries this tag."
_YEAR = re.compile(r"[12][0-9]{3}")
NamedDatabases = NamedDependency[Databases]
NamedSettings = NamedDependency[Settings]


@get("/")
async def home(databases: NamedDependency[Databases], settings: NamedDependency[Settings]) -> Response[str]:
    async with databases.site.read() as connection:
        front = await posts.front(connection, settings.site_url)
        newest = await posts.of_kind(connection, "post", ON_HOME + 1)
        intro = await posts.by_slug(connection, "page", HOME)
        chosen = await posts.home.chosen(connection)
        assets = await assets_of(connection, [*chosen, *([intro] if intro else [])], settings)
    intro_html = view(intro, assets).body_html if intro else ""
    return await page(
        "site/home/show.html",
        front,
        intro_html=intro_html,
        noindex=intro is not None and intro.noindex,
        posts=[view(post, {}) for post in newest[:ON_HOME]],
        more=len(newest) > ON_HOME,
        projects=[view(each, assets) for each in chosen],
        linked_data=linked_data.of_site(front),
    )


@get("/posts")
async def index(databases: NamedDependency[Databases], settings: NamedDependency[Settings]) -> Response[str]:
    async with databases.site.read() as connection:
        front = await posts.front(connection, settings.site_url)
        found = await posts.of_kind(connection, "post", ON_LIST + 1)
        years = await posts.years(connection, "post")
    # Where all of them are here already, their years lead nowhere new.
    more = years if len(found) > ON_LIST else []
    return await page("site/posts/index.html", front, groups=_by_year(found[:ON_LIST], front.time_zone), years=more)


@get("/posts/{slug:str}")
async def post(
    databases: NamedDependency[Databases], settings: NamedDependency[Settings], slug: FromPath[str]
) -> Response[str]:
    """A post, or all of a year."""
    return await _year(databases, settings, "post", slug) or await _one(databases, settings, "post", slug)


@get("/projects")
async def projects(databases: NamedDependency[Databases], settings: NamedDependency[Settings]) -> Response[str]:
    async with databases.site.read() as connection:
        front = await posts.front(connection, settings.site_url)
        found = await posts.of_kind(connection, "project", ON_LIST + 1)
        years = await posts.years(connection, "project") if len(found) > ON_LIST else []
        assets = await assets_of(connection, found[:ON_LIST], settings)
    shown = by_section([view(each, assets) for each in found[:ON_LIST]])
    return await page("site/projects/index.html", front, sections=shown, years=years)


@get("/projects/{slug:str}")
async def project(
    databases: NamedDependency[Databases], settings: NamedDependency[Settings], slug: FromPath[str]
) -> Response[str]:
    """A project, or all of a year."""
    return await _year(databases, settings, "project", slug) or await _one(databases, settings, "project", slug)


@get("/tags")
async def tags(databases: NamedDependency[Databases], settings: NamedDependency[Settings]) -> Response[str]:
    async with databases.site.read() as connection:
        front = await posts.front(connection, settings.site_url)
        found = await posts.tags.published(connection)
    return await page("site/tags/index.html", front, tags=found)


@get("/tags/{tag:str}")
async def tagged(
    databases: NamedDependency[Databases], settings: NamedDependency[Settings], tag: FromPath[str]
) -> Response[str]:
    async with databases.site.read() as connection:
        front = await posts.front(connection, settings.site_url)
        described = await posts.tags.described(connection, tag)
        found = await posts.tagged(connection, tag, ON_LIST + 1)
        years = await posts.years_tagged(connection, tag) if len(found) > ON_LIST else []
    if not found:
        raise NotFound(NOT_TAGGED)
    shown = [view(each, {}) for each in found[:ON_LIST]]
    feed_url = f"{described.url}/feed.xml" if any(each.kind == "post" for each in found) else ""
    return await page("site/tags/show.html", front, tag=described, posts=shown, feed_url=feed_url, years=years)


@get("/tags/{tag:str}/{year:str}")
async def tagged_in_year(
    databases: NamedDatabases, settings: NamedSettings, tag: FromPath[str], year: FromPath[str]
) -> Response[str]:
    """All of a year that carries a tag, for tags with more than their page holds."""
    if not _YEAR.fullmatch(year):
        raise NotFound(NOT_TAGGED)
    async with databases.site.read() as connection:
        front = await posts.front(connection, settings.site_url)
        described = await posts.tags.described(connection, tag)
        found = await posts.tagged(connection, tag, year=int(year))
        years = await posts.years_tagged(connection, tag)
    if not found:
        raise NotFound(NOT_TAGGED)
    shown = [view(each, {}) for each in found]
    return await page("site/tags/show.html", front, tag=described, posts=shown, years=years, year=int(year))


@get("/series/{slug:str}")
async def series(databases: NamedDatabases, settings: NamedSettings, slug: FromPath[str]) -> Response[str]:
    """The posts of a series, the first part first."""
    async with databases.site.read() as connection:
        front = await posts.front(connection, settings.site_url)
        named = await posts.series.by_slug(connection, slug)
        found = await posts.series.parts(connection, named.id) if named else []
    if named is None or not found:
        message = "No published post belongs to this series."
        raise NotFound(message)
    return await page("site/series/show.html", front, series=named, posts=[view(each, {}) for each in found])


@get("/{slug:str}")
async def single(
    databases: NamedDependency[Databases], settings: NamedDependency[Settings], slug: FromPath[str]
) -> Response[str]:
    return await _one(databases, settings, "page", slug)


route_handlers = [home, index, post, projects, project, tags, tagged, tagged_in_year, series, single]


async def page(template: str, front: Front, **context: object) -> Response[str]:
    """A page that caches must ask about again each time."""
    return await asyncio.to_thread(_page, template, front, **context)


def _page(template: str, front: Front, **context: object) -> Response[str]:
    """What has no card of its own is shared with the site's."""
    context.setdefault("card", share.address_of_site(front))
    html = templating.render(template, site=front, navigation=front.navigation, **context)
    return Response(html, media_type=MediaType.HTML, headers={"cache-control": "no-cache"})


async def _year(databases: Databases, settings: Settings, kind: Kind, slug: str) -> Response[str] | None:
    """All of a year; None where the slug is none, or has none. What has a year for a slug of its own comes first."""
    if not _YEAR.fullmatch(slug):
        return None
    async with databases.site.read() as connection:
        front = await posts.front(connection, settings.site_url)
        path = path_of(kind, slug)
        if await posts.by_slug(connection, kind, slug) or await redirects.find(connection, path):
            return None
        found = await posts.of_year(connection, kind, int(slug))
        years = await posts.years(connection, kind) if found else []
        assets = await assets_of(connection, found, settings) if kind == "project" else {}
    if not found:
        return None
    shown = [view(each, assets) for each in found]
    if kind == "project":
        return await page("site/projects/index.html", front, sections=by_section(shown), years=years, year=int(slug))
    return await page("site/posts/year.html", front, year=int(slug), posts=shown, years=years)


async def _one(databases: Databases, settings: Settings, kind: Kind, slug: str) -> Response[str]:
    """One post of a kind; the page that opens the home page is there."""
    async with databases.site.read() as connection:
        found = await posts.by_slug(connection, kind, slug)
        if found is None or (kind == "page" and slug == HOME):
            if found:
                return Response("", status_code=301, headers={"location": "/", "cache-control": "no-cache"})
            if await redirects.is_gone(connection, path_of(kind, slug)):
                raise Gone("What was here has been taken away.")
            message = "No page has this address. It may have been taken away, or the link is wrong."
            raise NotFound(message)
        front = await posts.front(connection, settings.site_url)
        assets = await assets_of(connection, [found], settings)
        place = await posts.series.place(connection, found.id) if found.series_id else None
        translations = await posts.languages.published(connection, found.id, found.translation_key)
        near = await posts.near(connection, found, settings.site_url, place, translations) if kind != "page" else None
        mentions = await webmentions.received.shown(connection, found.id) if kind != "page" else []
    return await asyncio.to_thread(_shown, front, found, assets, place, translations, near, mentions)


def _shown(
    front: Front,
    found: Published,
    assets: dict[str, Asset],
    place: Place | None,
    translations: Translations | None,
    near: Near | None,
    mentions: list[Shown],
) -> Response[str]:
    """Put together in one go: each step in a thread of its own would cost as much as the step."""
    template = "site/pages/show.html" if found.kind == "page" else "site/posts/show.html"
    shown = view(found, assets, place=place, translations=translations)
    card = share.address(shown, front)
    described = linked_data.of(shown, front, card)
    answer = _page(template, front, post=shown, linked_data=described, card=card, near=near, mentions=mentions)
    if front.takes_webmentions and found.kind != "page":
        answer.headers["link"] = f'<{webmention.ADDRESS}>; rel="webmention"'
    return answer


def _by_year(found: list[Summary], zone: str) -> list[Year]:
    views: list[View] = [view(each, {}) for each in found]
    return [
        Year(year=year, posts=list(group))
        for year, group in groupby(views, key=lambda each: zones.local(each.published_at_us, zone).year)
    ]
