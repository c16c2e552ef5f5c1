"""Posts as the author begins, opens and deletes them."""

import msgspec
from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sdc_core.errors import Invalid
from sdc_core.settings import Settings

from sdc_web import pages, posts
from sdc_web.author import drafts, editor, forms
from sdc_web.author.views import DraftForm
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn


class NewPost(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The form that begins a post."""

    kind: posts.Kind = "post"


@post("/author/posts", status_code=303, right="posts.change")
async def create(
    request: AnyRequest, databases: NamedDependency[Databases], author: NamedDependency[SignedIn]
) -> Response[bytes]:
    """Open a draft in which nothing stands yet."""
    form = await forms.read(request, NewPost)
    made = await posts.blank(databases, author.actor, form.kind)
    return pages.redirect(f"/author/posts/{made.id}")


@get("/author/posts/{post_id:str}", right="posts.read")
async def edit(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    author: NamedDependency[SignedIn],
    post_id: FromPath[str],
) -> Response[str]:
    """The editor, with the newest revision in it."""
    return await editor.show(request, databases, author, await editor.open_post(databases, author, post_id))


# From the editor its whole form comes along.
@delete("/author/posts/{post_id:str}", status_code=303, request_max_body_size=editor.MAX_BODY, right="posts.delete")
async def remove(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
    post_id: FromPath[str],
) -> Response[bytes] | Response[str]:
    """Put a post into the trash, with what the form holds: whoever brings it back finds that. A field that cannot be
    saved keeps what is stored.
    """
    form = await editor.read(request, databases, author) if await request.body() else DraftForm()
    try:
        await editor.save_what_fits(databases, settings, post_id, form, author)
    except (Invalid, posts.Stale) as error:
        return await drafts.rest_saved(request, databases, settings, author, post_id, form, error)
    await posts.trash.put(databases.site, author.actor, post_id)
    return pages.redirect("/author/posts", "trashed")


route_handlers = [create, edit, remove]
