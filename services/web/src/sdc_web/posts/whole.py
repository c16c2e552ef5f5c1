"""Posts as programs read and write them: whole or a page at a time, made and changed with their text in one call."""

import re
from collections.abc import Mapping

import msgspec
from msgspec.structs import replace
from sdc_core.errors import NotFound
from sdc_core.sqlite import Connection, Database, fetch_all, fetch_one

from sdc_web.authors.rights import Actor
from sdc_web.posts import catalogue, finding, revisions, store
from sdc_web.posts.records import Draft, Kind, ProjectFacts, Revision, State, decode_project, decode_tags, path_of
from sdc_web.texts import characters, names

LAST = "~"
"""Greater than every identifier."""
_PLACEHOLDER = re.compile(r"untitled-[0-9a-z]{26}")


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """A post with its newest revision, but for the text. `slug` is the newest revision's and `public_slug` the one that
    readers use; `state` is `changed` when the newest revision is not the published one; `trashed_by` is who put it
    into the trash, if it is there; `author` the name that its author signs in with; times in microseconds, UTC.
    """

    id: str
    kind: Kind
    slug: str
    public_slug: str
    title: str
    summary: str
    tags_json: str
    cover_asset_id: str | None
    series: str
    series_position: int | None
    project_json: str | None
    language: str
    translation_key: str
    canonical_url: str
    dated_at_us: int | None
    state: State
    on_site: bool
    number: int
    created_at_us: int
    saved_at_us: int
    published_at_us: int | None
    changed_at_us: int | None
    scheduled_at_us: int | None
    unpublish_at_us: int | None
    trashed_at_us: int | None
    trashed_by: str
    author: str
    noindex: bool

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags in the author's order."""
        return decode_tags(self.tags_json)

    @property
    def project(self) -> ProjectFacts | None:
        """What a project says of itself, None for every other kind."""
        return (decode_project(self.project_json) or ProjectFacts()) if self.kind == "project" else None

    @property
    def shown_slug(self) -> str:
        """The slug, empty while it only stands for one."""
        return "" if self.published_at_us is None and is_placeholder(self.slug) else self.slug

    @property
    def path(self) -> str:
        """The address that readers use or will, below the site's own; empty while there is no slug."""
        return path_of(self.kind, self.public_slug) if self.shown_slug else ""


class Whole(Overview, frozen=True, kw_only=True):
    """A post with the Markdown of its newest revision."""

    body: str


SQL_WHOLE = """
SELECT posts.id, posts.kind, newest.slug, coalesce(trashed.slug, posts.slug) AS public_slug, newest.title,
    newest.summary, newest.tags AS tags_json, newest.cover_asset_id, newest.series, newest.series_position,
    newest.project AS project_json, newest.language, newest.translation_key, newest.canonical_url, newest.dated_at_us,
    newest.number, newest.saved_at_us, newest.body,
    posts.created_at_us, posts.published_at_us, posts.changed_at_us, posts.scheduled_at_us,
    posts.unpublish_at_us, trashed.trashed_at_us, coalesce(trashed.by_name, '') AS trashed_by,
    posts.revision_id IS NOT NULL AS on_site, posts.noindex,
    (SELECT name FROM authors WHERE authors.id = posts.author_id) AS author,
    CASE
        WHEN posts.scheduled_at_us IS NOT NULL THEN 'scheduled'
        WHEN posts.revision_id IS NULL THEN 'draft'
        WHEN posts.revision_id = newest.id THEN 'published'
        ELSE 'changed'
    END AS state
FROM posts JOIN revisions AS newest ON newest.post_id = posts.id
LEFT JOIN trashed_posts AS trashed ON trashed.post_id = posts.id
WHERE posts.id = :id
ORDER BY newest.number DESC LIMIT 1
"""


async def whole(connection: Connection, by: Actor, post_id: str) -> Whole:
    """The post, published or not. Raises Forbidden, NotFound."""
    await catalogue.find(connection, by, post_id)
    found = await fetch_one(connection, Whole, SQL_WHOLE, {"id": post_id})
    if found is None:
        raise NotFound("There is no such post.")
    return found


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """Which posts: of a kind, in a state, found by `words`, with a tag or in a series by their names in the newest
    revision, of an author by the name that they sign in with, saved, published or trashed since a moment, before
    readers or not, in the trash or not. None and nothing stand for all.
    """

    kind: Kind | None = None
    state: State | None = None
    words: str = ""
    tag: str | None = None
    series: str | None = None
    author: str | None = None
    since_us: int | None = None
    on_site: bool | None = None
    trashed: bool = False


SQL_PAGE = """
SELECT posts.id, posts.kind, newest.slug, coalesce(trashed.slug, posts.slug) AS public_slug, newest.title,
    newest.summary, newest.tags AS tags_json, newest.cover_asset_id, newest.series, newest.series_position,
    newest.project AS project_json, newest.language, newest.translation_key, newest.canonical_url, newest.dated_at_us,
    newest.number, newest.saved_at_us,
    posts.created_at_us, posts.published_at_us, posts.changed_at_us, posts.scheduled_at_us,
    posts.unpublish_at_us, trashed.trashed_at_us, coalesce(trashed.by_name, '') AS trashed_by,
    posts.revision_id IS NOT NULL AS on_site, posts.noindex,
    (SELECT name FROM authors WHERE authors.id = posts.author_id) AS author,
    CASE
        WHEN posts.scheduled_at_us IS NOT NULL THEN 'scheduled'
        WHEN posts.revision_id IS NULL THEN 'draft'
        WHEN posts.revision_id = newest.id THEN 'published'
        ELSE 'changed'
    END AS state
FROM posts JOIN revisions AS newest ON newest.post_id = posts.id
LEFT JOIN trashed_posts AS trashed ON trashed.post_id = posts.id
WHERE posts.id < :before AND (trashed.post_id IS NOT NULL) = :trashed
    AND newest.number = (SELECT max(number) FROM revisions WHERE post_id = posts.id)
    AND (:kind IS NULL OR posts.kind = :kind)
    AND (:state IS NULL OR state = :state)
    AND (:author_id IS NULL OR posts.author_id = :author_id)
    AND (:found IS NULL OR posts.id IN (
        SELECT post_id FROM catalogue WHERE substr(:found, id, 1) = x'01'
    ))
    AND (:tag IS NULL OR EXISTS (SELECT 1 FROM json_each(newest.tags) WHERE value = :tag))
    AND (:series IS NULL OR newest.series = :series)
    AND (:author IS NULL OR posts.author_id = (SELECT id FROM authors WHERE name = :author))
    AND (:on_site IS NULL OR (posts.revision_id IS NOT NULL) = :on_site)
    AND (:since_us IS NULL OR max(newest.saved_at_us, coalesce(posts.published_at_us, 0),
        coalesce(posts.changed_at_us, 0), coalesce(trashed.trashed_at_us, 0)) >= :since_us)
ORDER BY posts.id DESC
LIMIT :limit
"""


async def page(connection: Connection, by: Actor, filters: Filters, *, before: str = "", limit: int) -> list[Overview]:
    """Posts that they may read, older than the one with the id `before`, the one made last first: saving a post does
    not move it. Words are found as the author's own search finds them, which knows none of the trash; of the trash it
    is those that they may bring back. Raises Forbidden.
    """
    values = {
        "author_id": by.only_own("posts.delete" if filters.trashed else "posts.read"),
        "trashed": filters.trashed,
        "kind": filters.kind,
        "state": filters.state,
        "found": await finding.among_all(connection, filters.words),
        "tag": None if filters.tag is None else characters.line(filters.tag).lower(),
        "series": None if filters.series is None else characters.line(filters.series),
        "author": filters.author,
        "since_us": filters.since_us,
        "on_site": filters.on_site,
        "before": before or LAST,
        "limit": limit,
    }
    return await fetch_all(connection, Overview, SQL_PAGE, values)


async def begin(database: Database, by: Actor, kind: Kind, draft: Draft, post_id: str = "") -> Whole:
    """A new post with that text, its revision number 2. Raises Forbidden, Invalid, and then there is no new post. The
    post that has `post_id` already was made by an earlier try, and stays as it is.
    """
    async with database.transaction() as connection:
        if post_id and (made := await fetch_one(connection, Whole, SQL_WHOLE, {"id": post_id})):
            return made
        post = await catalogue.begin(connection, by, kind, post_id=post_id)
        await revisions.put(connection, by, post.id, draft, 1)
        return await whole(connection, by, post.id)


async def amend(
    database: Database, by: Actor, post_id: str, changes: Mapping[str, object], base_number: int | None
) -> Whole:
    """Save the newest revision with other values in those fields of a `Draft`, and return the post as this left it;
    without any, nothing is saved. Raises Stale when `base_number` is given and is not the newest number, Invalid,
    Forbidden, NotFound.
    """
    async with database.transaction() as connection:
        await catalogue.find(connection, by, post_id, "posts.change")
        newest = revisions.require(await store.newest_revision(connection, post_id), base_number)
        before = draft_of(newest)
        after = replace(before, **changes)
        if after != before:
            await revisions.put(connection, by, post_id, after, newest.number)
        return await whole(connection, by, post_id)


def draft_of(revision: Revision) -> Draft:
    """What the author typed. The slug is empty while it follows the title, which a published post's never does: there
    `revisions.save` takes an empty one for the slug that it has.
    """
    draft = msgspec.convert(revision, Draft, from_attributes=True)
    follows = draft.slug == names.from_title(draft.title) or is_placeholder(draft.slug)
    return replace(draft, slug="" if follows else draft.slug)


def is_placeholder(slug: str) -> bool:
    """Whether it stands for none."""
    return _PLACEHOLDER.fullmatch(slug) is not None
