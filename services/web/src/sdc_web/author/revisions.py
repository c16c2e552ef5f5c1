"""The history of a post: its revisions in a list, each on a page of its own, with the name that the author gives it."""

import asyncio

import msgspec
from litestar import Response, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath
from sdc_core.errors import Invalid, SdcError
from sdc_core.settings import Settings

from sdc_web import pages, posts, templating
from sdc_web.author import forms, history_views
from sdc_web.db import Databases
from sdc_web.posts import history, previewing, store
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn

PAGE = 20


class Before(msgspec.Struct, frozen=True, kw_only=True):
    """Where the list goes on."""

    before: int | None = None


class Name(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a revision is called; nothing takes the name away."""

    name: str = ""


@get("/author/posts/{post_id:str}/revisions", right="posts.read")
async def index(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    author: NamedDependency[SignedIn],
    post_id: FromPath[str],
) -> Response[str]:
    """Every revision, the newest first, with what it changed."""
    query = forms.fields(request.scope["query_string"].decode("latin-1"), Before)
    async with databases.site.read() as connection:
        post = await posts.find(connection, author.actor, post_id)
        entries = await history.entries(connection, post_id, before=query.before, limit=PAGE + 1)
        revisions = await store.revisions_before(connection, post_id, before=query.before, limit=PAGE + 1)
        named = await history_views.covers(connection, revisions)
        newest = await posts.revisions.newest(connection, author.actor, post_id)
    rows = await asyncio.to_thread(history_views.listed, post, entries, revisions, named, author.time_zone, PAGE)
    more = entries[PAGE - 1].number if len(entries) > PAGE else None
    return await pages.page(
        request,
        databases,
        "author/revisions/index.html",
        author=author,
        post=post,
        title=newest.title,
        rows=rows,
        more=more,
        first=query.before is None,
    )


@get("/author/posts/{post_id:str}/revisions/{revision_id:str}", right="posts.read")
async def show(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    author: NamedDependency[SignedIn],
    post_id: FromPath[str],
    revision_id: FromPath[str],
) -> Response[str]:
    """One revision: what it held, and what can be done with it."""
    return await page(request, databases, author, post_id, revision_id)


@get("/author/posts/{post_id:str}/revisions/{revision_id:str}/preview", right="posts.read")
async def preview(
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
    post_id: FromPath[str],
    revision_id: FromPath[str],
) -> Response[str]:
    """A revision as a page of the site."""
    async with databases.site.read() as connection:
        post = await posts.find(connection, author.actor, post_id)
        revision = await store.revision(connection, post_id, revision_id)
        front = await posts.front(connection, settings.site_url)
    shown = await previewing.of_revision(databases.site, post, revision)
    return pages.html(templating.render(shown.template, site=front, navigation=front.navigation, post=shown))


@put("/author/posts/{post_id:str}/revisions/{revision_id:str}", status_code=303, right="posts.change")
async def name(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    author: NamedDependency[SignedIn],
    post_id: FromPath[str],
    revision_id: FromPath[str],
) -> Response[bytes] | Response[str]:
    """Give it a name, under which it is kept for good."""
    form = await forms.read(request, Name)
    try:
        await history.name(databases.site, author.actor, post_id, revision_id, form.name)
    except Invalid as error:
        return await page(
            request, databases, author, post_id, revision_id, error=error, status_code=422, typed=form.name
        )
    return pages.redirect(f"/author/posts/{post_id}/revisions/{revision_id}", "saved")


async def page(
    request: AnyRequest,
    databases: Databases,
    author: SignedIn,
    post_id: str,
    revision_id: str,
    *,
    error: SdcError | None = None,
    status_code: int = 200,
    typed: str | None = None,
) -> Response[str]:
    """The page of a revision, with why something was refused."""
    async with databases.site.read() as connection:
        post = await posts.find(connection, author.actor, post_id)
        revision = await store.revision(connection, post_id, revision_id)
        entry = await history.entry(connection, post_id, revision_id)
        before = await store.revisions_before(connection, post_id, before=revision.number, limit=1)
        newest = await posts.revisions.newest(connection, author.actor, post_id)
        named = await history_views.covers(connection, [revision])
    field = error.field if isinstance(error, Invalid) else ""
    return await pages.page(
        request,
        databases,
        "author/revisions/show.html",
        author=author,
        status_code=status_code,
        post=post,
        entry=entry,
        revision=revision,
        fields=[each for each in history_views.fields(post, revision, named, author.time_zone) if each.text],
        before_id=before[0].id if before else "",
        newest=newest,
        name=entry.name if typed is None else typed,
        errors={field or "form": str(error)} if error else {},
    )


route_handlers = [index, show, preview, name]
