"""Posts, pages and projects: listed, read, made, changed, deleted."""

from datetime import datetime
from typing import Annotated, TypeAlias

import msgspec
from litestar import Response, delete, get, patch, post, put
from litestar.di import NamedDependency
from msgspec import UNSET, Meta, UnsetType
from sdc_core.settings import Settings

from sdc_web import posts
from sdc_web.api import answers, incoming
from sdc_web.api.once import once
from sdc_web.api.one_post import OnePost
from sdc_web.db import Databases
from sdc_web.posts import Draft, ProjectFacts, finding, whole
from sdc_web.posts.records import path_of
from sdc_web.problems import AnyRequest
from sdc_web.tokens import Bearer


def _line(longest: int, more: str = "") -> Meta:
    return Meta(description=f"One line of at most {longest} characters.{more}")


Title: TypeAlias = Annotated[str, _line(posts.revisions.MAX_TITLE)]
Slug: TypeAlias = Annotated[str, Meta(description="Small letters, digits and single hyphens; empty: from the title.")]
Summary: TypeAlias = Annotated[str, _line(posts.revisions.MAX_SUMMARY)]
Body: TypeAlias = Annotated[str, Meta(description=f"Markdown, at most {posts.revisions.MAX_BODY:,} characters.")]
Series: TypeAlias = Annotated[str, _line(posts.series.MAX_TITLE, " Only posts belong to a series; empty: to none.")]
Canonical: TypeAlias = Annotated[str, Meta(description="Where the text is at home, an http or https URL; empty: here.")]
Moment: TypeAlias = Annotated[datetime, Meta(tz=True, description="The date that readers see; null: when published.")]
Words: TypeAlias = Annotated[
    str,
    Meta(max_length=finding.MAX_QUERY, description="Words, or a part of a title, as the author's own search has it."),
]
Name: TypeAlias = Annotated[str, Meta(max_length=posts.series.MAX_TITLE)]
Position: TypeAlias = Annotated[int, Meta(description=f"From 1 to {posts.series.MAX_POSITION}.")]


class NewPost(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A post to be made. Without a slug it is made from the title."""

    kind: posts.Kind = "post"
    title: Title = ""
    slug: Slug = ""
    summary: Summary = ""
    body: Body = ""
    tags: tuple[str, ...] = ()
    cover_asset_id: str | None = None
    series: Series = ""
    series_position: Position | None = None
    project: ProjectFacts | None = None
    language: str = ""
    translation_key: str = ""
    canonical_url: Canonical = ""
    dated_at: Moment | None = None


class PostChanges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """New values for some fields; what is left out stays."""

    title: Title | UnsetType = UNSET
    slug: Slug | UnsetType = UNSET
    summary: Summary | UnsetType = UNSET
    body: Body | UnsetType = UNSET
    tags: tuple[str, ...] | UnsetType = UNSET
    cover_asset_id: str | UnsetType | None = UNSET
    series: Series | UnsetType = UNSET
    series_position: Position | UnsetType | None = UNSET
    project: ProjectFacts | UnsetType | None = UNSET
    language: str | UnsetType = UNSET
    translation_key: str | UnsetType = UNSET
    canonical_url: Canonical | UnsetType = UNSET
    dated_at: Moment | UnsetType | None = UNSET


class NewAuthor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose it will be, by the name that they sign in with."""

    author: Annotated[str, Meta(max_length=100)]


class PostQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which posts, and from where on; with `trashed` those in the trash, of a token that may bring them back. `tag` and
    `series` are names that the newest revision has, `author` is a sign-in name; with `since` those that were saved or
    published from that moment on.
    """

    trashed: bool = False
    q: Words | UnsetType = UNSET
    kind: posts.Kind | UnsetType = UNSET
    state: posts.State | UnsetType = UNSET
    tag: Name | UnsetType = UNSET
    series: Name | UnsetType = UNSET
    author: Name | UnsetType = UNSET
    since: Annotated[datetime, Meta(tz=True)] | UnsetType = UNSET
    limit: incoming.Limit = 20
    cursor: incoming.Cursor | UnsetType = UNSET


@get("/posts", right="posts.read")
async def index(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    reader: NamedDependency[Bearer],
) -> Response[bytes]:
    """List posts, published or not, or find those with certain words; the one made last first."""
    asked = incoming.query(request, PostQuery)
    filters = whole.Filters(
        kind=asked.kind or None,
        state=asked.state or None,
        words=asked.q or "",
        tag=asked.tag or None,
        series=asked.series or None,
        author=asked.author or None,
        since_us=incoming.at_us(asked.since, "since") if isinstance(asked.since, datetime) else None,
        trashed=asked.trashed,
    )
    async with databases.site.read() as connection:
        found = await whole.page(connection, reader.actor, filters, before=asked.cursor or "", limit=asked.limit + 1)
    shown = tuple(answers.summary_of(each, settings.site_url) for each in found[: asked.limit])
    next_cursor = shown[-1].id if len(found) > asked.limit else None
    return answers.send(request, answers.PostPage(posts=shown, next_cursor=next_cursor))


@get("/posts/{post_id:str}", right="posts.read")
async def show(one: NamedDependency[OnePost]) -> Response[bytes]:
    """Read a post with the Markdown of its newest revision."""
    return await one.answer()


@post("/posts", status_code=201, request_max_body_size=incoming.MAX_BODY_BYTES, right="posts.change")
async def create(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    writer: NamedDependency[Bearer],
) -> Response[bytes]:
    """Make a draft."""
    new = await incoming.body(request, NewPost)
    draft = msgspec.convert(new, Draft, from_attributes=True)
    draft = msgspec.structs.replace(draft, dated_at_us=_dated_at_us(new.dated_at))
    draft = posts.canonical.without_own(draft, settings.site_url + path_of(new.kind, new.slug))

    async def make(post_id: str) -> Response[bytes]:
        made = await whole.begin(databases.site, writer.actor, new.kind, draft, post_id)
        told = answers.post_of(made, settings.site_url)
        return answers.send_post(request, told, 201, f"/api/v1/posts/{made.id}")

    return await once(request, databases.ttl, writer, await incoming.body_sha256(request), make)


@patch("/posts/{post_id:str}", request_max_body_size=incoming.MAX_BODY_BYTES, right="posts.change")
async def change(one: NamedDependency[OnePost]) -> Response[bytes]:
    """Save other values as the newest revision; readers see it once it is published."""
    base = incoming.required_base(one.request)
    changes = await incoming.body(one.request, PostChanges)
    given = incoming.given(changes)
    if changes.dated_at is not UNSET:
        del given["dated_at"]
        given["dated_at_us"] = _dated_at_us(changes.dated_at)
    amended = await whole.amend(one.site, one.by, one.id, given, base)
    return answers.send_post(one.request, answers.post_of(amended, one.settings.site_url))


@delete("/posts/{post_id:str}", right="posts.delete")
async def remove(one: NamedDependency[OnePost]) -> None:
    """Put a post into the trash: off the site at once, gone for good after 30 days."""
    await posts.trash.put(one.site, one.by, one.id, incoming.base_number(one.request))


@post("/posts/{post_id:str}/restoration", status_code=200, right="posts.delete")
async def restore(one: NamedDependency[OnePost]) -> Response[bytes]:
    """Take a post out of the trash again, published if it was; one that is not in it stays as it is."""

    async def work(_: str) -> Response[bytes]:
        back = await posts.trash.bring_back(one.site, one.by, one.id)
        return answers.send_restored(one.request, await one.read(), back.words)

    return await one.once(work)


@put("/posts/{post_id:str}/author", status_code=200, right="posts.author")
async def give(one: NamedDependency[OnePost]) -> Response[bytes]:
    """Give a post to another author, who is named below it from then on; only owners may."""
    new = await incoming.body(one.request, NewAuthor)
    await posts.handing.hand_over(one.site, one.by, one.id, new.author)
    return await one.answer()


def _dated_at_us(at: datetime | None) -> int | None:
    return None if at is None else incoming.at_us(at, "dated_at")


route_handlers = [index, show, create, change, remove, restore, give]
