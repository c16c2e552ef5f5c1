"""Whether a post asks search engines to leave it out."""

from litestar import Response, delete, put
from litestar.di import NamedDependency
from litestar.params import FromPath
from sdc_core.errors import Invalid
from sdc_core.settings import Settings

from sdc_web import pages, posts
from sdc_web.author import drafts, editor
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn


@put(
    "/author/posts/{post_id:str}/noindex",
    status_code=303,
    request_max_body_size=editor.MAX_BODY,
    right="posts.publish",
)
async def hide(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
    post_id: FromPath[str],
) -> Response[bytes] | Response[str]:
    """Ask search engines to leave it out; what the form holds is saved first."""
    return await _indexed(request, databases, settings, author, post_id, hidden=True)


@delete(
    "/author/posts/{post_id:str}/noindex",
    status_code=303,
    request_max_body_size=editor.MAX_BODY,
    right="posts.publish",
)
async def show(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
    post_id: FromPath[str],
) -> Response[bytes] | Response[str]:
    """Ask that no more; the same otherwise."""
    return await _indexed(request, databases, settings, author, post_id, hidden=False)


async def _indexed(
    request: AnyRequest, databases: Databases, settings: Settings, author: SignedIn, post_id: str, *, hidden: bool
) -> Response[bytes] | Response[str]:
    form = await editor.read(request, databases, author)
    try:
        form = await editor.save(databases, settings, post_id, form, author)
        await posts.indexing.hide(databases.site, author.actor, post_id, hidden=hidden)
    except (Invalid, posts.Stale) as error:
        return await drafts.rest_saved(request, databases, settings, author, post_id, form, error)
    return pages.redirect(f"/author/posts/{post_id}", "noindex" if hidden else "indexed")


route_handlers = [hide, show]
