"""Translations: texts that name the same key, each in a language of its own.

A text without a key has the id of its post for one. So the first of them needs none, and the others name its id.
"""

from contextlib import suppress
from urllib.parse import unquote, urlsplit

import msgspec
from sdc_core.errors import Invalid, NotFound
from sdc_core.sqlite import Connection, execute, fetch_all

from sdc_web.authors.rights import Actor
from sdc_web.posts import store
from sdc_web.posts.records import Kind, path_of
from sdc_web.texts import characters, language_names

MAX_KEY = 80
_ANOTHERS = "That is a text of another author: they or an owner of the site can join the two."
_FOLDERS: dict[str, Kind] = {"posts": "post", "projects": "project"}


class Translation(msgspec.Struct, frozen=True, kw_only=True):
    """A text of a group. `language` is a tag, the site's where the text names none."""

    id: str
    kind: Kind
    slug: str
    title: str
    language: str
    in_site_language: bool

    @property
    def url(self) -> str:
        """The address below the site's own."""
        return path_of(self.kind, self.slug)

    @property
    def language_name(self) -> str:
        """What speakers call the language."""
        return language_names.name(self.language)


class Grouped(Translation, frozen=True, kw_only=True):
    """A published text with the key of its group."""

    key: str


class Translations(msgspec.Struct, frozen=True, kw_only=True):
    """The published texts of a group, one a language; `default` is for readers of any other language."""

    every: tuple[Translation, ...]
    default: Translation

    def but(self, post_id: str) -> tuple[Translation, ...]:
        """Those beside that one."""
        return tuple(each for each in self.every if each.id != post_id)


SQL_PUBLISHED = """
SELECT posts.id AS id, posts.kind, posts.slug, r.title,
    coalesce(nullif(r.language, ''), site.language) AS language,
    r.language IN ('', site.language) AS in_site_language, posts.published_at_us AS published_at_us
FROM revisions AS r JOIN posts ON posts.id = r.post_id AND posts.revision_id = r.id
JOIN site ON site.id = 1
WHERE r.translation_key = :key AND r.translation_key <> ''
UNION ALL
SELECT posts.id AS id, posts.kind, posts.slug, r.title,
    coalesce(nullif(r.language, ''), site.language) AS language,
    r.language IN ('', site.language) AS in_site_language, posts.published_at_us AS published_at_us
FROM posts JOIN revisions AS r ON r.id = posts.revision_id
JOIN site ON site.id = 1
WHERE posts.id = :key AND r.translation_key = ''
ORDER BY published_at_us, id
"""


async def published(connection: Connection, post_id: str, key: str) -> Translations | None:
    """The translations of a published text with its own among them, None where it has no other.

    Of two in one language the text itself is taken, then the older one.
    """
    found = await fetch_all(connection, Translation, SQL_PUBLISHED, {"key": key or post_id})
    return _together(sorted(found, key=lambda each: each.id != post_id))


SQL_EVERYTHING = """
SELECT posts.id AS id, posts.kind, posts.slug, r.title,
    coalesce(nullif(r.language, ''), site.language) AS language,
    r.language IN ('', site.language) AS in_site_language, r.translation_key AS key,
    posts.published_at_us AS published_at_us
FROM revisions AS r JOIN posts ON posts.id = r.post_id AND posts.revision_id = r.id
JOIN site ON site.id = 1
WHERE r.translation_key <> ''
UNION ALL
SELECT posts.id AS id, posts.kind, posts.slug, r.title,
    coalesce(nullif(r.language, ''), site.language) AS language,
    r.language IN ('', site.language) AS in_site_language, posts.id AS key, posts.published_at_us AS published_at_us
FROM (SELECT DISTINCT translation_key FROM revisions WHERE translation_key <> '') AS named
JOIN posts ON posts.id = named.translation_key
JOIN revisions AS r ON r.id = posts.revision_id
JOIN site ON site.id = 1
WHERE r.translation_key = ''
ORDER BY published_at_us, id
"""


async def everything(connection: Connection) -> dict[str, Translations]:
    """The translations of every published text that has any, by the id of its post."""
    groups: dict[str, list[Translation]] = {}
    for each in await fetch_all(connection, Grouped, SQL_EVERYTHING):
        groups.setdefault(each.key, []).append(each)
    told = [whole for group in groups.values() if (whole := _together(group)) is not None]
    return {each.id: whole for whole in told for each in whole.every}


SQL_SAVED = """
SELECT posts.id, posts.kind, posts.slug, newest.title, coalesce(nullif(newest.language, ''), site.language) AS language,
    newest.language IN ('', site.language) AS in_site_language
FROM posts JOIN revisions AS newest ON newest.id = iif(
    :owner_id IS NULL OR posts.author_id = :owner_id,
    (SELECT id FROM revisions WHERE post_id = posts.id ORDER BY number DESC LIMIT 1), posts.revision_id
)
JOIN site ON site.id = 1
WHERE posts.id IN (
        SELECT post_id FROM revisions WHERE translation_key = :key AND translation_key <> '' UNION SELECT :key
    )
    AND coalesce(nullif(newest.translation_key, ''), posts.id) = :key AND posts.id <> :post_id
    AND NOT EXISTS (SELECT 1 FROM trashed_posts WHERE post_id = posts.id)
ORDER BY posts.id
"""


async def saved(connection: Connection, by: Actor, post_id: str, key: str) -> list[Translation]:
    """The other texts of a group in the order they were begun: by their newest revisions those that they may read, by
    the published ones those of others. Raises Forbidden.
    """
    values = {"key": key or post_id, "post_id": post_id, "owner_id": by.only_own("posts.read")}
    return await fetch_all(connection, Translation, SQL_SAVED, values)


async def key_at(connection: Connection, by: Actor, address: str, present: str) -> str:
    """What a translation of the text at that address names. Raises Invalid when this site has none there that they may
    change and that has not the `present` key; of those that readers do not see others are not told.
    """
    try:
        parts = [unquote(part) for part in urlsplit(address.strip()).path.split("/") if part]
    except ValueError:
        parts = []
    kind = _FOLDERS.get(parts[0], "page") if parts else "page"
    found = await store.by_address(connection, kind, parts[-1]) if len(parts) == 1 + (kind != "page") else None
    if found is not None:
        key = (await store.newest_revision(connection, found.id)).translation_key or found.id
        if key == present or by.may_of("posts.change", found.author_id):
            return key
        if found.revision_id is not None:
            # The editor offers what readers see of another's text; what its author plans is not told.
            seen = await store.revision(connection, found.id, found.revision_id)
            if (seen.translation_key or found.id) == present:
                return present
            raise Invalid(_ANOTHERS, field="translation_key")
    message = "Name the other text by its address on this site, such as /posts/fog."
    raise Invalid(message, field="translation_key")


async def checked(connection: Connection, by: Actor, key: str, post_id: str) -> str:
    """The key as it is stored: the id of a post that names a key stands for that key, its own id for none. Raises
    Invalid for that of a text which they may not change: whoever is joined stands on its page, too.
    """
    clean = characters.fitting(characters.line(key), MAX_KEY, "translation_key", "The key of a translation")
    if clean in ("", post_id):
        return ""
    with suppress(NotFound):
        clean = (await store.newest_revision(connection, clean)).translation_key or clean
    if clean == post_id:
        return ""
    others = await fetch_all(connection, _Member, SQL_MEMBERS, {"key": clean, "post_id": post_id})
    if not all(by.may_of("posts.change", each.author_id) for each in others):
        raise Invalid(_ANOTHERS, field="translation_key")
    return clean


class _Member(msgspec.Struct, frozen=True, kw_only=True):
    author_id: str


SQL_MEMBERS = """
SELECT author_id FROM posts WHERE id = :key AND id <> :post_id
UNION SELECT posts.author_id FROM revisions JOIN posts ON posts.id = revisions.post_id
WHERE revisions.translation_key = :key AND revisions.translation_key <> '' AND posts.id <> :post_id
    AND (revisions.id = posts.revision_id
        OR revisions.number = (SELECT max(number) FROM revisions WHERE post_id = posts.id))
"""


SQL_FOLLOW = "UPDATE revisions SET translation_key = :key WHERE translation_key = :post_id"


async def follow(connection: Connection, post_id: str, key: str) -> None:
    """Texts that name this post stay with it, now that it names a key of its own."""
    if key:
        await execute(connection, SQL_FOLLOW, {"post_id": post_id, "key": key})


def _together(found: list[Translation]) -> Translations | None:
    by_language: dict[str, Translation] = {}
    for each in found:
        by_language.setdefault(each.language.casefold(), each)
    every = tuple(by_language.values())
    if len(every) < 2:
        return None
    return Translations(every=every, default=next((each for each in every if each.in_site_language), every[0]))
