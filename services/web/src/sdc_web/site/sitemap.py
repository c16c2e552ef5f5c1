"""The map of the site for search engines: every address with its last change and its pictures (sitemaps.org, 0.9).

Up to `WHOLE` posts it is one file. Above that `/sitemap.xml` lists parts: the first has lists, projects and pages, each
further one has posts, so that a new post changes few of them.
"""

import asyncio
from html import escape
from urllib.parse import quote

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from sdc_core.errors import NotFound
from sdc_core.settings import Settings
from sdc_core.sqlite import Connection

from sdc_web import media, posts, templating
from sdc_web.db import Databases
from sdc_web.media import Asset
from sdc_web.posts import places
from sdc_web.posts.languages import Translations
from sdc_web.posts.places import Place
from sdc_web.posts.records import decode_project
from sdc_web.problems import AnyRequest
from sdc_web.site import pages

WHOLE = 500
"""Posts of one file: so many are read and written in a few milliseconds."""
PARTS = 100
MAX_ADDRESSES = 50_000
"""In one file, says the protocol."""
MAX_PICTURES = 1_000
"""Of one address, says its extension for pictures."""
NAMES = tuple(f"sitemap-{number}.xml" for number in range(1, PARTS + 2))
_OPEN = (
    '<?xml version="1.0" encoding="utf-8"?>\n'
    '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    ' xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"'
    ' xmlns:xhtml="http://www.w3.org/1999/xhtml">\n'
)
_OPEN_INDEX = (
    '<?xml version="1.0" encoding="utf-8"?>\n<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
)

NamedDatabases = NamedDependency[Databases]
NamedSettings = NamedDependency[Settings]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """An address of the map; pictures by their ids."""

    path: str
    updated_at_us: int | None = None
    pictures: tuple[str, ...] = ()
    translations: Translations | None = None


@get("/sitemap.xml")
async def sitemap(databases: NamedDatabases, settings: NamedSettings) -> Response[str]:
    """Every address, or where the parts are."""
    async with databases.site.read() as connection:
        many = await places.count_on_map(connection)
        if many > WHOLE:
            changed = await places.parts(connection, _size(many))
            newest = max([*changed, *(await places.kinds(connection)).values()])
            return await asyncio.to_thread(_index, settings.site_url, [newest, *changed])
        rows = [*await _lists(connection), *await _rows(connection, await places.of_posts(connection, WHOLE, 0))]
        assets = await _assets(connection, rows, settings)
    return await asyncio.to_thread(_written, settings.site_url, rows, assets)


@get([f"/{name}" for name in NAMES])
async def part(request: AnyRequest, databases: NamedDatabases, settings: NamedSettings) -> Response[str]:
    """One part of a large map."""
    number = NAMES.index(request.scope["path"][1:])
    async with databases.site.read() as connection:
        many = await places.count_on_map(connection)
        if many <= WHOLE:
            rows = []
        elif number == 0:
            rows = await _lists(connection)
        else:
            size = _size(many)
            rows = await _rows(connection, await places.of_posts(connection, size, (number - 1) * size))
        assets = await _assets(connection, rows, settings)
    if not rows:
        raise NotFound("The map of the site has no such part.")
    return await asyncio.to_thread(_written, settings.site_url, rows, assets)


route_handlers = [sitemap, part]


def _size(many: int) -> int:
    """Posts of a part, so that there are no more than `PARTS`."""
    return max(WHOLE, -(-many // PARTS))


async def _rows(connection: Connection, found: list[Place]) -> list[Row]:
    translations = await posts.languages.everything(connection)
    return [_row(each, translations.get(each.id)) for each in found]


def _row(place: Place, translations: Translations | None) -> Row:
    cover = (place.cover_asset_id,) if place.cover_asset_id else ()
    shown = sorted(media.picture.mentioned(place.body_html)) if place.body_html else ()
    project = decode_project(place.project_json)
    pictures = tuple(dict.fromkeys((*cover, *shown, *(project.pictures if project else ()))))[:MAX_PICTURES]
    return Row(path=place.path, updated_at_us=place.updated_at_us, pictures=pictures, translations=translations)


async def _lists(connection: Connection) -> list[Row]:
    """Everything but the posts: lists, with the last change of what they list, projects and pages."""
    changed = await places.kinds(connection)
    years = await places.years(connection)
    newest = max((each.updated_at_us for each in years), default=None)
    on_home = [newest, changed.get("project"), changed.get("home")]
    rows = [
        Row(path="/", updated_at_us=max((at_us for at_us in on_home if at_us is not None), default=None)),
        Row(path="/posts", updated_at_us=newest),
    ]
    if await places.count(connection) > pages.ON_LIST:
        rows += [Row(path=f"/posts/{each.name}", updated_at_us=each.updated_at_us) for each in years]
    if "project" in changed:
        rows.append(Row(path="/projects", updated_at_us=changed["project"]))
    told = await posts.series.everything(connection)
    rows += [Row(path=each.url, updated_at_us=each.updated_at_us) for each in told if each.posts]
    if tags := await places.tags(connection):
        rows.append(Row(path="/tags", updated_at_us=max(each.updated_at_us for each in tags)))
        rows += [Row(path=f"/tags/{quote(each.name, safe='')}", updated_at_us=each.updated_at_us) for each in tags]
    return [*rows, *await _rows(connection, await places.others(connection))][:MAX_ADDRESSES]


async def _assets(connection: Connection, rows: list[Row], settings: Settings) -> dict[str, Asset]:
    found = await media.by_ids(connection, {asset_id for row in rows for asset_id in row.pictures})
    return media.for_readers(found, settings.MEDIA_URL)


def _index(site_url: str, changed_at_us: list[int]) -> Response[str]:
    found = zip(NAMES, changed_at_us, strict=False)
    return _answer([
        _OPEN_INDEX,
        *(
            f"<sitemap><loc>{escape(site_url)}/{name}</loc><lastmod>{templating.iso(at_us)}</lastmod></sitemap>\n"
            for name, at_us in found
        ),
        "</sitemapindex>\n",
    ])  # fmt: skip


def _written(site_url: str, rows: list[Row], assets: dict[str, Asset]) -> Response[str]:
    """Written straight away: a template would take ten times as long."""
    site = escape(site_url)
    addresses = {
        each.id: escape(media.picture.absolute(file.address, site_url))
        for each in assets.values()
        if (file := media.picture.file(each))
    }

    def written(row: Row) -> str:
        changed = "" if row.updated_at_us is None else f"<lastmod>{templating.iso(row.updated_at_us)}</lastmod>"
        pictures = "".join([
            f"<image:image><image:loc>{addresses[each]}</image:loc></image:image>"
            for each in row.pictures
            if each in addresses
        ])  # fmt: skip
        others = _alternates(site, row.translations) if row.translations else ""
        return f"<url><loc>{site}{escape(row.path)}</loc>{changed}{others}{pictures}</url>\n"

    return _answer([_OPEN, *map(written, rows), "</urlset>\n"])


def _alternates(site: str, translations: Translations) -> str:
    """Every language of a text, its own too, as its page names them."""
    named = [*((each.language, each.url) for each in translations.every), ("x-default", translations.default.url)]
    return "".join([
        f'<xhtml:link rel="alternate" hreflang="{escape(language)}" href="{site}{escape(url)}"/>'
        for language, url in named
    ])  # fmt: skip


def _answer(lines: list[str]) -> Response[str]:
    return Response("".join(lines), media_type="application/xml; charset=utf-8", headers={"cache-control": "no-cache"})
