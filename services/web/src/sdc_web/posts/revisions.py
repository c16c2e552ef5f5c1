"""Saving: what the author types becomes the newest revision, and never overwrites what they have not seen."""

from msgspec.structs import replace
from sdc_core import clock, errors
from sdc_core.errors import Invalid
from sdc_core.sqlite import Connection, Database

from sdc_web import redirects
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.posts import canonical, keeping, languages, projects, series, slugs, store, tags
from sdc_web.posts.records import Draft, Kind, Post, Revision, Sent, encode_project, encode_tags, path_of
from sdc_web.texts import characters, language_names, names

MAX_TITLE = 200
MAX_SUMMARY = 500
MAX_BODY = 400_000
UNTOLD = Sent()


class Stale(errors.Stale):
    """Someone saved in between; `current` is what they saved."""

    def __init__(self, current: Revision) -> None:
        super().__init__("This post was saved elsewhere in the meantime: compare both before saving again.")
        self.current = current


async def save(
    database: Database, by: Actor, post_id: str, draft: Draft, base_number: int, *, sent: Sent = UNTOLD
) -> Revision:
    """Save as the newest revision and return it with its new number, the next If-Match.

    The newest revision is replaced, or followed by a new one where `keeping` says that it must stay. Raises Stale when
    `base_number` is not the newest number and the newest was not `sent` from the same place before, Invalid naming the
    field, Forbidden, NotFound without such a post.
    """
    async with database.transaction() as connection:
        return await put(connection, by, post_id, draft, base_number, sent=sent)


async def put(
    connection: Connection,
    by: Actor,
    post_id: str,
    draft: Draft,
    base_number: int,
    *,
    apart: bool = False,
    sent: Sent = UNTOLD,
) -> Revision:
    """`save`, inside a transaction of the caller's; with `apart` always as a new revision."""
    post = await store.post(connection, post_id)
    rights.require(by, "posts.change", post.author_id)
    newest = await store.newest_revision(connection, post_id)
    if not sent.saved(newest, by.id):
        require(newest, base_number)
    clean = await check(connection, by, post, newest, draft)
    apart = apart or await keeping.must_stay(connection, newest, clean.body, by.id)
    saved = of(clean, clock.new_id() if apart else newest.id, post_id, newest.number + 1, by, sent)
    if apart:
        await store.insert_revision(connection, saved)
        await keeping.thin(connection, post_id)
    else:
        await store.replace_revision(connection, saved)
    if post.published_at_us is None and post.slug != saved.slug:
        # Never published, so nobody has the old address; a published post moves when it is published again.
        await store.update_post(connection, replace(post, slug=saved.slug))
    return saved


def of(clean: Draft, revision_id: str, post_id: str, number: int, by: Actor, sent: Sent = UNTOLD) -> Revision:
    """The revision that a draft as `check` returns it becomes, not stored yet."""
    return Revision(
        id=revision_id,
        post_id=post_id,
        number=number,
        title=clean.title,
        slug=clean.slug,
        summary=clean.summary,
        body=clean.body,
        tags_json=encode_tags(clean.tags),
        cover_asset_id=clean.cover_asset_id,
        saved_at_us=clock.now_us(),
        author_id=by.id,
        series=clean.series,
        series_position=clean.series_position,
        project_json=encode_project(clean.project),
        language=clean.language,
        translation_key=clean.translation_key,
        canonical_url=clean.canonical_url,
        dated_at_us=clean.dated_at_us,
        tab=sent.tab,
        save_no=sent.number,
    )


def require(newest: Revision, base_number: int | None) -> Revision:
    """The newest revision; Stale when a number is given and is not its own."""
    if base_number not in (None, newest.number):
        raise Stale(newest)
    return newest


async def newest(connection: Connection, by: Actor, post_id: str) -> Revision:
    """The revision that the editor opens. Raises Forbidden, NotFound."""
    rights.require(by, "posts.read", (await store.post(connection, post_id)).author_id)
    return await store.newest_revision(connection, post_id)


async def check(connection: Connection, by: Actor, post: Post, newest: Revision, draft: Draft) -> Draft:
    """The draft as it would be stored for that post; raises Invalid with the field at fault."""
    title = characters.fitting(characters.line(draft.title), MAX_TITLE, "title", "The title")
    wanted = draft.slug.strip()
    if wanted:
        slug = slugs.check(wanted, post.kind)
    elif post.published_at_us is not None:
        slug = newest.slug
    else:
        slug = await _slug_of_title(connection, post, title)
    if await store.slug_taken(connection, post.kind, slug, except_post=post.id):
        message = f"Another {post.kind} has the address {slug} already."
        raise Invalid(message, field="slug")
    cover = draft.cover_asset_id or None
    if cover is not None and not await store.picture_exists(connection, cover):
        message = "The cover is not among the pictures of the library."
        raise Invalid(message, field="cover_asset_id")
    key = draft.translation_key
    if key != newest.translation_key:
        key = await languages.checked(connection, by, key, post.id)
    return Draft(
        title=title,
        slug=slug,
        summary=characters.fitting(characters.line(draft.summary), MAX_SUMMARY, "summary", "The summary"),
        body=characters.fitting(characters.allowed(draft.body), MAX_BODY, "body", "The text"),
        tags=await tags.names(connection, draft.tags),
        cover_asset_id=cover,
        series=_series(draft, post.kind),
        series_position=_position(draft),
        project=await projects.check(connection, draft.project, post.kind),
        language=language_names.tag(draft.language),
        translation_key=key,
        canonical_url=canonical.check(draft.canonical_url),
        dated_at_us=_dated(draft),
    )


async def _slug_of_title(connection: Connection, post: Post, title: str) -> str:
    """A slug of the title that is free; the present one while the title makes none."""
    wanted = names.from_title(title)
    if not wanted:
        return post.slug
    if post.kind == "page" and wanted in slugs.RESERVED_PAGES:
        wanted = f"{wanted}-page"
    return await free_slug(connection, post, wanted)


async def free_slug(connection: Connection, post: Post, wanted: str) -> str:
    """That slug, or one with a number behind it that no other post of the kind has, and whose address leads nowhere
    else: nobody has chosen it, so old links go on leading where they lead.
    """

    async def taken(slug: str) -> bool:
        return (
            await store.slug_taken(connection, post.kind, slug, except_post=post.id)
            or await redirects.kept_for_another(connection, path_of(post.kind, slug), post.id) is not None
        )

    return await names.first_free(wanted, taken)


def _dated(draft: Draft) -> int | None:
    if draft.dated_at_us is not None and draft.dated_at_us > clock.now_us():
        message = "The date that readers see cannot lie ahead: to publish later, say when under Publish at."
        raise Invalid(message, field="dated_at_us")
    return draft.dated_at_us


def _series(draft: Draft, kind: Kind) -> str:
    title = characters.fitting(characters.line(draft.series), series.MAX_TITLE, "series", "The title of the series")
    if title and kind != "post":
        message = "Only posts can belong to a series."
        raise Invalid(message, field="series")
    return title


def _position(draft: Draft) -> int | None:
    position = draft.series_position
    if position is not None and not 1 <= position <= series.MAX_POSITION:
        message = f"A part of a series has a number from 1 to {series.MAX_POSITION}."
        raise Invalid(message, field="series_position")
    return position if draft.series.strip() else None
