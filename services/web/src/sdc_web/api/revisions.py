"""What a text was before: its revisions listed, read, brought back."""

from typing import Annotated

import msgspec
from litestar import Response, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Meta

from sdc_web import posts
from sdc_web.api import answers, incoming
from sdc_web.api.answers import Moment
from sdc_web.api.one_post import OnePost
from sdc_web.posts import history, store


class RevisionQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of a history."""

    limit: incoming.Limit = 20
    cursor: Annotated[str, Meta(pattern="^[0-9]{1,9}$")] | None = None


class RevisionEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A revision without its text. `name` is what the author calls it, empty for none; `published_at` is when readers
    first saw it, null for never; if `live` they see it now, if `scheduled` they will.
    """

    id: str
    revision: int
    name: str
    title: str
    author: str
    begun_at: Moment
    saved_at: Moment
    published_at: Moment | None
    live: bool
    scheduled: bool


class RevisionPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a history; `next_cursor` asks for the next one, null on the last."""

    revisions: tuple[RevisionEntry, ...]
    next_cursor: str | None


class RevisionChanges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a revision is called; empty for nothing."""

    name: Annotated[str, Meta(description=f"One line of at most {history.MAX_NAME} characters.")]


@get("/posts/{post_id:str}/revisions", right="posts.read")
async def index(one: NamedDependency[OnePost]) -> Response[bytes]:
    """List the revisions of a post, the newest first."""
    asked = incoming.query(one.request, RevisionQuery)
    before = int(asked.cursor) if asked.cursor else None
    async with one.site.read() as connection:
        await posts.find(connection, one.by, one.id)
        found = await history.entries(connection, one.id, before=before, limit=asked.limit + 1)
    page = found[: asked.limit]
    following = str(page[-1].number) if len(found) > asked.limit else None
    return answers.send(one.request, RevisionPage(revisions=tuple(_told(each) for each in page), next_cursor=following))


@get("/posts/{post_id:str}/revisions/{revision_id:str}", right="posts.read")
async def show(one: NamedDependency[OnePost], revision_id: FromPath[str]) -> Response[bytes]:
    """Read a revision with its text."""
    async with one.site.read() as connection:
        await posts.find(connection, one.by, one.id)
        found = await store.revision(connection, one.id, revision_id)
    return answers.send(one.request, answers.revision_of(found))


@patch("/posts/{post_id:str}/revisions/{revision_id:str}", right="posts.change")
async def name(one: NamedDependency[OnePost], revision_id: FromPath[str]) -> Response[bytes]:
    """Give a revision a name, under which it is kept for good, or with an empty one none."""
    given = await incoming.body(one.request, RevisionChanges)
    await history.name(one.site, one.by, one.id, revision_id, given.name)
    async with one.site.read() as connection:
        found = await history.entry(connection, one.id, revision_id)
    return answers.send(one.request, _told(found))


@post("/posts/{post_id:str}/revisions/{revision_id:str}/restoration", status_code=200, right="posts.change")
async def restore(one: NamedDependency[OnePost], revision_id: FromPath[str]) -> Response[bytes]:
    """Make an old text the newest revision; readers see it once it is published."""
    base = incoming.required_base(one.request)

    async def work(_: str) -> Response[bytes]:
        await history.restore(one.site, one.by, one.id, revision_id, base)
        return await one.answer()

    return await one.once(work)


def _told(found: history.Entry) -> RevisionEntry:
    return RevisionEntry(
        id=found.id,
        revision=found.number,
        name=found.name,
        title=found.title,
        author=found.author_name,
        begun_at=answers.moment(found.begun_at_us),
        saved_at=answers.moment(found.saved_at_us),
        published_at=answers.moment_or_none(found.published_at_us),
        live=found.live,
        scheduled=found.scheduled,
    )


route_handlers = [index, show, name, restore]
