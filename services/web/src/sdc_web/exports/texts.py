"""Texts as files: Markdown with front matter that Hugo reads, and that `imports.own_export` reads back whole."""

import re
from collections.abc import AsyncGenerator, Iterator, Mapping

import msgspec
import yaml
from sdc_core import clock
from sdc_core.sqlite import Connection, fetch_all

from sdc_web.exports import literal
from sdc_web.exports.contents import CHANGES, FOLDERS
from sdc_web.imports import prose
from sdc_web.media.assets import Asset
from sdc_web.posts import store, whole
from sdc_web.posts.records import Post, Revision, path_of

_MEDIA = re.compile(r"media:([0-9A-Z]{26})")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
PAGE = 200


class Authored(Post, frozen=True, kw_only=True):
    """A post with the sign-in name of its author, and whether search engines are asked to leave it out."""

    author: str
    noindex: bool


class TextFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the export; `path` is its place in it."""

    path: str
    content: bytes

    @property
    def note(self) -> str:
        """What a reader of it other than SDC will stumble over."""
        if literal.stops_hugo(self.content.decode()):
            return f"{self.path} holds what Hugo takes for a shortcode that it does not know"
        return ""


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """What texts name one another, and their pictures, by: `media` are files by the ids of assets, `keys` groups of
    translations by what revisions hold, `aliases` old addresses by the ids of posts, `untitled` slugs for texts that
    have none.
    """

    media: Mapping[str, Asset]
    keys: Mapping[str, str]
    aliases: Mapping[str, list[str]]
    untitled: Mapping[str, str]


def file_name(asset: Asset) -> str:
    """The name of an original in the export: known by its bytes, and by what it was called."""
    return f"{asset.sha256[:16]}-{_UNSAFE.sub('-', asset.file_name)[-80:].lstrip('.-') or 'picture'}"


SQL_EVERY = """
SELECT posts.id, posts.kind, posts.slug, posts.author_id, posts.created_at_us, posts.revision_id,
    posts.published_at_us, posts.changed_at_us, posts.scheduled_at_us, posts.scheduled_revision_id,
    posts.unpublish_at_us, posts.schedule_failure, posts.noindex,
    authors.name AS author
FROM posts JOIN authors ON authors.id = posts.author_id
WHERE posts.id > :after AND NOT EXISTS (SELECT 1 FROM trashed_posts WHERE post_id = posts.id)
ORDER BY posts.id LIMIT :limit
"""


async def files(connection: Connection, names: Names) -> AsyncGenerator[TextFile]:
    """Every text but those in the trash, the one begun first, first: what readers see of it, and in files of their own
    what is scheduled and what was written since. A text in which nothing was ever written is none.
    """
    after = ""
    while posts := await fetch_all(connection, Authored, SQL_EVERY, {"after": after, "limit": PAGE}):
        after = posts[-1].id
        for post in posts:
            for each in _of_post(post, await _layers(connection, post), names):
                yield each


async def _layers(connection: Connection, post: Post) -> list[Revision]:
    """What readers see, what they will, what was saved last: each once, in this order."""
    ids = [each for each in (post.revision_id, post.scheduled_revision_id) if each is not None]
    found = [await store.revision(connection, post.id, each) for each in ids]
    newest = await store.newest_revision(connection, post.id)
    return list({each.id: each for each in (*found, newest)}.values())


def _of_post(post: Authored, layers: list[Revision], names: Names) -> Iterator[TextFile]:
    if not layers[0].title and not layers[0].body.strip() and len(layers) == 1:
        return
    name = names.untitled.get(post.id, post.slug)
    yield TextFile(path=f"{FOLDERS[post.kind]}/{name}.md", content=_file(post, layers[0], names, _of_text(post, names)))
    for number, revision in enumerate(layers[1:], 1):
        path = f"{CHANGES[post.kind]}/{name}.{number}.md"
        yield TextFile(path=path, content=_file(post, revision, names, {}))


def _of_text(post: Authored, names: Names) -> dict[str, object]:
    """Fields that belong to the text, whatever its words are."""
    withdrawn = post.published_at_us is not None and post.revision_id is None
    return {
        "date": _moment(post.published_at_us),
        "lastmod": _moment(post.changed_at_us),
        "expiryDate": _moment(post.unpublish_at_us),
        "created": _moment(post.created_at_us),
        "draft": post.revision_id is None and post.scheduled_at_us is None,
        "withdrawn": withdrawn,
        "author": post.author,
        "noindex": post.noindex,
        "aliases": names.aliases.get(post.id, []),
        # Hugo would make a page of its folder, and readers know this address.
        "url": f"{path_of(post.kind, post.slug)}/" if post.kind == "page" and post.id not in names.untitled else "",
    }


def _file(post: Post, revision: Revision, names: Names, of_text: dict[str, object]) -> bytes:
    slug = revision.slug
    if whole.is_placeholder(slug):
        slug = names.untitled.get(post.id, post.slug)
    is_scheduled = revision.id == post.scheduled_revision_id
    key = revision.translation_key
    fields: dict[str, object] = {
        "title": revision.title,
        "slug": slug,
        **of_text,
        "publishDate": _moment(post.scheduled_at_us) if is_scheduled else "",
        "dated": _moment(revision.dated_at_us),
        "summary": revision.summary,
        "tags": list(revision.tags),
        "series": [revision.series] if revision.series else [],
        "series_order": revision.series_position,
        "language": revision.language,
        "translationKey": names.keys.get(key or post.id, key),
        "canonicalURL": revision.canonical_url,
        "cover": _picture(revision.cover_asset_id, names),
        "project": _project(revision, names),
    }
    body, fields["escaped"] = literal.escaped(revision.body)
    body = prose.sub(_MEDIA, lambda found: _address(found[1], names) or found[0], body)
    said = {name: value for name, value in fields.items() if value not in ("", [], {}, None, False)}
    return f"{front_matter(said)}{body}\n".encode()


def front_matter(fields: Mapping[str, object]) -> str:
    """The fields as the head of a text."""
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    dumped = yaml.dump(dict(fields), Dumper=dumper, allow_unicode=True, sort_keys=False, width=1_000_000)
    return f"---\n{dumped}---\n"


def _project(revision: Revision, names: Names) -> dict[str, object]:
    facts = revision.project
    if facts is None:
        return {}
    said = {
        "status": facts.status,
        "section": facts.section,
        "repository": facts.repository,
        "links": [{"label": each.label, "url": each.url} for each in facts.links],
        "pictures": [_address(each, names) for each in facts.pictures if each in names.media],
    }
    return {name: value for name, value in said.items() if value}


def _picture(asset_id: str | None, names: Names) -> dict[str, str]:
    if not asset_id or asset_id not in names.media:
        return {}
    alt = names.media[asset_id].alt
    return {"image": _address(asset_id, names), **({"alt": alt} if alt else {})}


def _address(asset_id: str, names: Names) -> str:
    asset = names.media.get(asset_id)
    return f"/media/{file_name(asset)}" if asset else ""


def _moment(at_us: int | None) -> str:
    return "" if at_us is None else clock.to_datetime(at_us).isoformat().replace("+00:00", "Z")
