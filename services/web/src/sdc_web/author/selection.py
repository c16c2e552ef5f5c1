"""Several texts at once: what was ticked in the list, the question before anything is done, and doing it."""

from typing import Literal, assert_never

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from sdc_core.errors import Invalid

from sdc_web import pages, posts
from sdc_web.author import catalogue, forms
from sdc_web.db import Databases
from sdc_web.posts.several import Refusal
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn

ADDRESS = f"{catalogue.ADDRESS}/selection"
_SAID = {"publish": "published", "unpublish": "unpublished", "delete": "deleted", "tag": "saved"}


class Selection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to do to which texts; `tag` is the name that they get, if that is it."""

    action: Literal["publish", "unpublish", "delete", "tag"]
    post: tuple[str, ...] = ()
    tag: str = ""


@get(ADDRESS, right="posts.read")
async def show(
    request: AnyRequest, databases: NamedDependency[Databases], author: NamedDependency[SignedIn]
) -> Response[str] | Response[bytes]:
    """The texts, and whether it is meant so."""
    selection = forms.fields(request.scope["query_string"].decode("latin-1"), Selection, "post")
    if not selection.post:
        return pages.redirect(catalogue.ADDRESS, "none-selected")
    return await _page(request, databases, author, selection)


@post(ADDRESS, status_code=303, right="posts.change")
async def create(
    request: AnyRequest, databases: NamedDependency[Databases], author: NamedDependency[SignedIn]
) -> Response[str] | Response[bytes]:
    """Do it to each; those that refuse are named with the reason, and the others are done."""
    selection = await forms.read(request, Selection, "post")
    try:
        refused = await _do(databases, selection, author)
    except Invalid as error:
        return await _page(request, databases, author, selection, error=error)
    if refused:
        return await _page(request, databases, author, selection, refused)
    return pages.redirect(catalogue.ADDRESS, _SAID[selection.action])


async def _do(databases: Databases, selection: Selection, author: SignedIn) -> list[Refusal]:
    match selection.action:
        case "publish":
            return await posts.several.publish(databases.site, author.actor, selection.post)
        case "unpublish":
            return await posts.several.unpublish(databases.site, author.actor, selection.post)
        case "delete":
            return await posts.several.delete(databases.site, author.actor, selection.post)
        case "tag":
            if not selection.tag.strip():
                raise Invalid("Write the tag that they get.", field="tag")
            return await posts.several.tag(databases.site, author.actor, selection.post, selection.tag)
        case _:
            assert_never(selection.action)


async def _page(
    request: AnyRequest,
    databases: Databases,
    author: SignedIn,
    selection: Selection,
    refused: list[Refusal] | None = None,
    error: Invalid | None = None,
) -> Response[str]:
    """The question; after a refusal about those alone that it concerns."""
    ids = [each.post_id for each in refused] if refused else selection.post
    async with databases.site.read() as connection:
        rows = await posts.several.chosen(connection, author.actor, ids)
        known_tags = await posts.tags.carried(connection)
    return await pages.page(
        request,
        databases,
        "author/posts/selection.html",
        author=author,
        status_code=422 if error or refused else 200,
        selection=selection,
        posts=rows,
        done=len(set(selection.post)) - len(ids) if refused else 0,
        refused={each.post_id: each.words for each in refused or ()},
        errors={"tag": str(error)} if error else {},
        known_tags=known_tags,
    )


route_handlers = [show, create]
