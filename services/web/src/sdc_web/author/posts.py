"""Posts as the author lists, begins, opens and deletes them."""

from typing import Literal

import msgspec
from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from sdc_web import pages, posts
from sdc_web.author import editor, forms
from sdc_web.db import Databases
from sdc_web.posts.records import State as PostState
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn

LISTED = 500


class NewPost(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The form that begins a post."""

    kind: posts.Kind = "post"


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """The search form above the list; an empty field asks for all."""

    q: str = ""
    kind: posts.Kind | Literal[""] = ""
    state: PostState | Literal[""] = ""


@get("/author/posts")
async def index(
    request: AnyRequest, databases: NamedDependency[Databases], author: NamedDependency[SignedIn]
) -> Response[str]:
    """The list, the one saved last first."""
    query = forms.fields(request.scope["query_string"].decode("latin-1"), Filters)
    async with databases.site.read() as connection:
        listed = await posts.listing(connection, kind=query.kind or None, state=query.state or None, limit=LISTED)
    wanted = query.q.casefold()
    rows = [each for each in listed if wanted in each.title.casefold()]
    return await pages.page(request, databases, "author/posts/index.html", author=author, posts=rows, query=query)


@post("/author/posts", status_code=303)
async def create(
    request: AnyRequest, databases: NamedDependency[Databases], author: NamedDependency[SignedIn]
) -> Response[bytes]:
    """Begin a draft and open it."""
    form = await forms.read(request, NewPost)
    made = await posts.create(databases.site, author.id, form.kind)
    return pages.redirect(f"/author/posts/{made.id}")


@get("/author/posts/{post_id:str}")
async def edit(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    author: NamedDependency[SignedIn],
    post_id: FromPath[str],
) -> Response[str]:
    """The editor, with the newest revision in it."""
    return await editor.show(request, databases, author, await editor.open_post(databases, post_id))


@delete("/author/posts/{post_id:str}", status_code=303)
async def remove(
    databases: NamedDependency[Databases],
    author: NamedDependency[SignedIn],  # noqa: ARG001 - asked for so that nobody else gets here
    post_id: FromPath[str],
) -> Response[bytes]:
    """Delete a post with all its revisions."""
    await posts.delete(databases.site, post_id)
    return pages.redirect("/author/posts", "deleted")


route_handlers = [index, create, edit, remove]
