"""Going back: to an old revision, or from a change to what readers see. Whatever stood there before is kept."""

import msgspec
from litestar import Response, delete, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sdc_core.errors import Conflict, Invalid
from sdc_core.settings import Settings

from sdc_web import pages, posts
from sdc_web.author import drafts, editor, forms, revisions
from sdc_web.db import Databases
from sdc_web.posts import history
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn


class Restoration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which revision, and the number of the newest that the author had before them."""

    revision_id: str
    base_revision: int


@post("/author/posts/{post_id:str}/restorations", status_code=303, right="posts.change")
async def create(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    author: NamedDependency[SignedIn],
    post_id: FromPath[str],
) -> Response[bytes] | Response[str]:
    """Make that revision's text the draft."""
    form = await forms.read(request, Restoration)
    try:
        await history.restore(databases.site, author.actor, post_id, form.revision_id, form.base_revision)
    except posts.Stale as error:
        return await revisions.page(request, databases, author, post_id, form.revision_id, error=error, status_code=412)
    return pages.redirect(f"/author/posts/{post_id}", "restored")


@delete(
    "/author/posts/{post_id:str}/draft", status_code=303, request_max_body_size=editor.MAX_BODY, right="posts.change"
)
async def discard(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
    post_id: FromPath[str],
) -> Response[bytes] | Response[str]:
    """Leave the change of a post that readers see. What the form holds is saved first, and is then in the history."""
    form = drafts.based(request, await editor.read(request, databases, author))
    try:
        form = await editor.save(databases, settings, post_id, form, author)
        await history.discard(databases.site, author.actor, post_id, form.base_revision)
    except Conflict as error:
        nothing = Invalid(str(error))
        return await drafts.rest_saved(request, databases, settings, author, post_id, form, nothing)
    except (Invalid, posts.Stale) as error:
        return await drafts.rest_saved(request, databases, settings, author, post_id, form, error)
    return pages.redirect(f"/author/posts/{post_id}", "discarded")


@post(
    "/author/posts/{post_id:str}/set-aside",
    status_code=303,
    request_max_body_size=editor.MAX_BODY,
    right="posts.change",
)
async def set_aside(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
    post_id: FromPath[str],
) -> Response[bytes] | Response[str]:
    """Of two texts go on with the one that was saved elsewhere; this one is then in the history. A field of it that is
    refused holds there what it holds in the other.
    """
    form = drafts.based(request, await editor.read(request, databases, author))
    try:
        await editor.set_aside(databases, settings, post_id, form, author)
    except (Invalid, posts.Stale) as error:
        return await drafts.refused(request, databases, author, post_id, form, error)
    return pages.redirect(f"/author/posts/{post_id}", "set-aside")


route_handlers = [create, discard, set_aside]
