"""Secret links to a draft: made, listed with how often they were opened, and taken back."""

import msgspec
from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sdc_core.errors import Conflict, Invalid
from sdc_core.settings import Settings

from sdc_web import pages, posts
from sdc_web.author import forms
from sdc_web.db import Databases
from sdc_web.posts import history, preview_links
from sdc_web.posts.preview_links import Days, Made
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn


class NewLink(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For whom, for how long, and to what: to the newest text at each look, or with an id to that revision."""

    note: str = ""
    days: Days = 7
    revision_id: str = ""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The revision that is chosen at first."""

    revision: str = ""


@get("/author/posts/{post_id:str}/preview-links", right="posts.change")
async def index(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
    post_id: FromPath[str],
) -> Response[str]:
    """Every link that works, and a form for one more."""
    query = forms.fields(request.scope["query_string"].decode("latin-1"), Asked)
    return await _page(request, databases, settings, author, post_id, NewLink(revision_id=query.revision))


@post("/author/posts/{post_id:str}/preview-links", status_code=201, right="posts.change")
async def create(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
    post_id: FromPath[str],
) -> Response[str]:
    """One more link. It is shown in this answer and never again, so that there is no redirect."""
    form = await forms.read(request, NewLink)
    try:
        made = await preview_links.make(
            databases,
            author.actor,
            post_id,
            days=form.days,
            note=form.note,
            revision_id=form.revision_id or None,
        )
    except (Invalid, Conflict) as error:
        return await _page(request, databases, settings, author, post_id, form, error=error)
    return await _page(request, databases, settings, author, post_id, NewLink(), made=made)


@delete("/author/posts/{post_id:str}/preview-links/{link_id:str}", status_code=303, right="posts.change")
async def revoke(
    databases: NamedDependency[Databases],
    author: NamedDependency[SignedIn],
    post_id: FromPath[str],
    link_id: FromPath[str],
) -> Response[bytes]:
    """Take a link back."""
    await preview_links.revoke(databases, author.actor, post_id, link_id)
    return pages.redirect(f"/author/posts/{post_id}/preview-links", "taken-back")


async def _page(
    request: AnyRequest,
    databases: Databases,
    settings: Settings,
    author: SignedIn,
    post_id: str,
    form: NewLink,
    *,
    made: Made | None = None,
    error: Invalid | Conflict | None = None,
) -> Response[str]:
    links = await preview_links.listing(databases, author.actor, post_id)
    async with databases.site.read() as connection:
        post_ = await posts.find(connection, author.actor, post_id)
        newest = await posts.revisions.newest(connection, author.actor, post_id)
        offered_id = form.revision_id or newest.id
        shared = {each.revision_id for each in links if each.revision_id}
        numbers = await history.numbers(connection, post_id, {offered_id, *shared})
    field = error.field if isinstance(error, Invalid) else ""
    refused = 0 if error is None else 422 if isinstance(error, Invalid) else 409
    return await pages.page(
        request,
        databases,
        "author/preview_links/index.html",
        author=author,
        status_code=refused or (201 if made else 200),
        post=post_,
        title=newest.title,
        links=links,
        numbers=numbers,
        form=form,
        offered_id=offered_id,
        made_address=f"{settings.site_url}{made.path}" if made else "",
        made_link=made.link if made else None,
        errors={field or "form": str(error)} if error else {},
    )


route_handlers = [index, create, revoke]
