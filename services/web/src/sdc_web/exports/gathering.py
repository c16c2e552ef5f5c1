"""What an export holds beside the texts, read from the database."""

from collections import defaultdict

import msgspec
from sdc_core.sqlite import Connection, fetch_all

from sdc_web import look
from sdc_web.about import beacon, robots, site
from sdc_web.exports import contents, texts
from sdc_web.exports.contents import Author, File, Redirect, Series, Tag, Webmention
from sdc_web.exports.texts import Names
from sdc_web.media.assets import Asset, assets_where
from sdc_web.posts import navigation, series, tags, tags_moved, whole
from sdc_web.posts.records import Kind, path_of
from sdc_web.webmentions import blocks, switches
from sdc_web.webmentions.entries import Kind as Said

SQL_MEDIA = assets_where("WHERE trashed_at_us IS NULL ORDER BY id")


async def media(connection: Connection) -> list[Asset]:
    """Every media asset but those in the trash, the one uploaded first, first."""
    return await fetch_all(connection, Asset, SQL_MEDIA)


class _Keyed(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    kind: str
    slug: str


class _Alias(msgspec.Struct, frozen=True, kw_only=True):
    post_id: str
    path: str


SQL_ALIASES = "SELECT post_id, path FROM redirects WHERE post_id IS NOT NULL ORDER BY path"
SQL_OF_KEY = """
SELECT DISTINCT posts.id, posts.kind, posts.slug FROM revisions JOIN posts ON posts.id = revisions.translation_key
WHERE revisions.translation_key <> ''
"""
SQL_SLUGS = "SELECT id, kind, slug FROM posts ORDER BY id"


async def names(connection: Connection, assets: list[Asset]) -> Names:
    """What texts name one another by. The key of translations may be the id of one of them, which means nothing
    elsewhere: its address stands for it.
    """
    aliases: defaultdict[str, list[str]] = defaultdict(list)
    for each in await fetch_all(connection, _Alias, SQL_ALIASES):
        aliases[each.post_id].append(each.path)
    keyed = await fetch_all(connection, _Keyed, SQL_OF_KEY)
    every = await fetch_all(connection, _Keyed, SQL_SLUGS)
    taken = {each.slug for each in every}
    free = (name for number in range(1, 2 * len(every) + 2) if (name := f"untitled-{number}") not in taken)
    return Names(
        media={each.id: each for each in assets},
        keys={each.id: f"{each.kind}s/{each.slug}" for each in keyed},
        aliases=aliases,
        untitled={each.id: next(free) for each in every if whole.is_placeholder(each.slug)},
    )


class _Own(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    target: str


SQL_OWN = "SELECT path, target FROM redirects WHERE target IS NOT NULL ORDER BY path"
SQL_AUTHORS = "SELECT id, name, display_name FROM authors WHERE removed_at_us IS NULL ORDER BY name"
SQL_FORMER = "SELECT name, tag FROM former_tags ORDER BY name"


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    post_kind: Kind
    slug: str
    source: str
    kind: Said
    author_name: str
    author_url: str
    title: str
    words: str
    at_us: int


SQL_WEBMENTIONS = """
SELECT posts.kind AS post_kind, posts.slug, source, webmentions.kind, author_name, author_url, title, words,
    asked_at_us AS at_us
FROM webmentions JOIN posts ON posts.id = post_id WHERE state = 'accepted' ORDER BY asked_at_us, source, slug
"""


async def _webmentions(connection: Connection) -> list[Webmention]:
    return [
        Webmention(
            path=path_of(each.post_kind, each.slug),
            source=each.source,
            kind=each.kind,
            author_name=each.author_name,
            author_url=each.author_url,
            title=each.title,
            words=each.words,
            at_us=each.at_us,
        )
        for each in await fetch_all(connection, _Said, SQL_WEBMENTIONS)
    ]


async def data(connection: Connection, assets: list[Asset]) -> dict[str, bytes]:
    """The files of `data/`, by their paths."""
    authors = await fetch_all(connection, _Writer, SQL_AUTHORS)
    by_id = {each.id: each.name for each in authors}
    files = [_file(each, by_id) for each in assets]
    own = [Redirect(path=each.path, target=each.target) for each in await fetch_all(connection, _Own, SQL_OWN)]
    return {
        contents.SITE: contents.encoded(await _site(connection)),
        contents.MEDIA_LIST: contents.encoded(files),
        contents.TAGS: contents.encoded(await _tags(connection)),
        contents.SERIES: contents.encoded(await _series(connection)),
        contents.REDIRECTS: contents.encoded(own),
        contents.WEBMENTIONS: contents.encoded(await _webmentions(connection)),
        contents.AUTHORS: contents.encoded(
            [Author(name=each.name, display_name=each.display_name) for each in authors]
        ),
    }


class _Writer(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    display_name: str


async def _site(connection: Connection) -> contents.Site:
    words = await site.words(connection)
    entries = await navigation.entries(connection) if await navigation.is_own(connection) else None
    return contents.Site(
        format=contents.FORMAT,
        title=words.title,
        description=words.description,
        language=words.language,
        elsewhere=words.elsewhere,
        time_zone=words.time_zone,
        look=await look.current(connection),
        robots=await robots.current(connection),
        navigation=None if entries is None else tuple(entries),
        home=tuple(each.slug for each in await fetch_all(connection, _Keyed, SQL_HOME)),
        beacon=await beacon.current(connection),
        webmentions=await switches.current(connection),
        webmention_blocks=tuple(each.host for each in await blocks.everything(connection)),
    )


SQL_HOME = """
SELECT posts.id, posts.kind, posts.slug FROM home_projects JOIN posts ON posts.id = home_projects.post_id
WHERE NOT EXISTS (SELECT 1 FROM trashed_posts WHERE post_id = posts.id)
ORDER BY home_projects.position, posts.id
"""


async def _tags(connection: Connection) -> list[Tag]:
    former: defaultdict[str, list[str]] = defaultdict(list)
    for each in await fetch_all(connection, tags_moved.Former, SQL_FORMER):
        former[each.tag].append(each.name)
    known = {each.name: each for each in await tags.everything(connection)}
    wanted = sorted({*former, *(each.name for each in known.values() if each.colour or each.description)})
    return [
        Tag(
            name=name,
            colour=known[name].colour if name in known else "",
            description=known[name].description if name in known else "",
            former=tuple(former.get(name, ())),
        )
        for name in wanted
    ]


async def _series(connection: Connection) -> list[Series]:
    every = await series.everything(connection)
    return [Series(title=each.title, slug=each.slug, description=each.description) for each in every]


def _file(asset: Asset, authors: dict[str, str]) -> File:
    return File(
        file=texts.file_name(asset),
        name=asset.file_name,
        sha256=asset.sha256,
        alt=asset.alt,
        title=asset.title,
        caption=asset.caption,
        focus_x=asset.focus_x,
        focus_y=asset.focus_y,
        author=authors.get(asset.author_id or "", ""),
        decorative=asset.decorative,
    )
