"""Several texts at once: what was ticked in the list, the question before anything is done, and doing it."""

from typing import Literal, assert_never

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from sdc_core.errors import Invalid
from sdc_core.settings import Settings

from sdc_web import pages, posts
from sdc_web.author import catalogue, checks, forms
from sdc_web.db import Databases
from sdc_web.posts.several import Refusal
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn

ADDRESS = f"{catalogue.ADDRESS}/selection"
_SAID = {
    "publish": "published",
    "unpublish": "unpublished",
    "delete": "trashed",
    "tag": "saved",
    "untag": "saved",
    "series": "saved",
    "author": "saved",
}
_FIELDS = {"author": "writer", "series": "series"}


class Selection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to do to which texts; `tag` is the name that they get or lose, `series` the title of theirs from then on,
    `writer` whose they will be.
    """

    action: Literal["publish", "unpublish", "delete", "tag", "untag", "series", "author"]
    post: tuple[str, ...] = ()
    tag: str = ""
    series: str = ""
    writer: str = ""


@get(ADDRESS, right="posts.read")
async def show(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
) -> Response[str] | Response[bytes]:
    """The texts, and whether it is meant so."""
    selection = forms.fields(request.scope["query_string"].decode("latin-1"), Selection, "post")
    if not selection.post:
        return pages.redirect(catalogue.ADDRESS, "none-selected")
    found: dict[str, str] = {}
    if selection.action == "publish":
        async with databases.site.read() as connection:
            ids = [each.id for each in await posts.several.chosen(connection, author.actor, selection.post)]
        found = await checks.told_of(databases, settings, author, ids)
    return await _page(request, databases, author, selection, found=found)


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
    site, by, ids = databases.site, author.actor, selection.post
    _require_word(selection)
    match selection.action:
        case "publish":
            doing = posts.several.publish(site, by, ids)
        case "unpublish":
            doing = posts.several.unpublish(site, by, ids)
        case "delete":
            doing = posts.several.delete(site, by, ids)
        case "tag":
            doing = posts.several.tag(site, by, ids, selection.tag)
        case "untag":
            doing = posts.several.untag(site, by, ids, selection.tag)
        case "series":
            doing = posts.several.serialise(site, by, ids, selection.series)
        case "author":
            doing = posts.several.hand_over(site, by, ids, selection.writer)
        case _:
            assert_never(selection.action)
    return await doing


def _require_word(selection: Selection) -> None:
    """Raises Invalid where the name that it is about is missing."""
    if selection.action == "author" and not selection.writer:
        raise Invalid("Choose whose they will be.", field="writer")
    if selection.action in ("tag", "untag") and not selection.tag.strip():
        raise Invalid(f"Write the tag that they {'get' if selection.action == 'tag' else 'lose'}.", field="tag")


async def _page(
    request: AnyRequest,
    databases: Databases,
    author: SignedIn,
    selection: Selection,
    refused: list[Refusal] | None = None,
    error: Invalid | None = None,
    found: dict[str, str] | None = None,
) -> Response[str]:
    """The question; after a refusal about those alone that it concerns."""
    ids = [each.post_id for each in refused] if refused else selection.post
    async with databases.site.read() as connection:
        rows = await posts.several.chosen(connection, author.actor, ids)
        known_tags = await posts.tags.carried(connection)
        known_series = [each.title for each in await posts.series.everything(connection)]
        gives = selection.action == "author"
        writers = await posts.handing.writers(connection, author.actor) if gives else []
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
        found=found or {},
        errors={_FIELDS.get(selection.action, "tag"): str(error)} if error else {},
        known_tags=known_tags,
        known_series=known_series,
        writers=writers,
    )


route_handlers = [show, create]
