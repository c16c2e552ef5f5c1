"""What the author may want to mend: beside the text while it is written, and once more before it goes out."""

import asyncio
from collections import Counter

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sdc_core.errors import Invalid
from sdc_core.settings import Settings

from sdc_web import checks, htmx, pages, posts
from sdc_web.author import editor, views
from sdc_web.author.views import DraftForm
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn

ANYWAY = "anyway"
"""The intent of a form whose author has seen what was found."""
LOOK_S = 2.0
MOST_LOOKED_AT = 50
_IDS = {"body_markdown": "field-body", "cover_id": "field-cover"}


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """One finding as the templates show it: `url` leads to where it is in the editor."""

    severity: checks.Severity
    what: str
    why: str
    mend: str
    line: int | None
    target: str
    url: str


@get("/author/posts/{post_id:str}/checks", right="posts.read")
async def show(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
    post_id: FromPath[str],
) -> Response[str]:
    """What is found in the text as it is saved."""
    opened, form, found = await _saved(databases, settings, author, post_id)
    return await _page(request, databases, author, opened, form, found)


@post("/author/posts/{post_id:str}/checks", status_code=200, request_max_body_size=editor.MAX_BODY, right="posts.read")
async def create(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
    post_id: FromPath[str],
) -> Response[str]:
    """What is found in the text of the form, which is saved nowhere: a fragment for htmx, else the page."""
    form = await editor.read_as_it_is(request)
    opened = await editor.open_post(databases, author, post_id)
    found = await _look(databases, settings, opened.post, form)
    if not htmx.wants_fragment(request):
        return await _page(request, databases, author, opened, form, found)
    # Who has not begun is not told that nothing is there.
    begun = form.title or form.body_markdown
    placed = _placed(opened.post, found) if begun else None
    return pages.fragment("author/posts/_checks.html", author, post=opened.post, found=placed)


async def before_it_goes_out(
    request: AnyRequest, databases: Databases, settings: Settings, author: SignedIn, post_id: str, form: DraftForm
) -> Response[str] | None:
    """The page that names what was found in the text that is to be published; None where there is no reason to ask, or
    the author has seen it.
    """
    if form.intent == ANYWAY:
        return None
    opened, stored, found = await _saved(databases, settings, author, post_id)
    # Without a title it is not published at all, and that is told beside the field.
    if not stored.title or not checks.must_be_seen(found):
        return None
    return await _page(request, databases, author, opened, form, found, publishing=True)


async def told_of(databases: Databases, settings: Settings, author: SignedIn, post_ids: list[str]) -> dict[str, str]:
    """What is found in texts as they are saved, such as «2 broken, 1 doubtful», by their ids; those in which nothing
    must be seen are left out. Where it would take long the rest is not looked at, and that is said.
    """
    told: dict[str, str] = {}
    loop = asyncio.get_running_loop()
    until_s = loop.time() + LOOK_S
    for number, post_id in enumerate(post_ids):
        if number == MOST_LOOKED_AT or loop.time() > until_s:
            return told | dict.fromkeys(post_ids[number:], "not looked at")
        _, _, found = await _saved(databases, settings, author, post_id)
        count = Counter(each.severity for each in found)
        if words := ", ".join(f"{count[each]} {each}" for each in ("broken", "doubtful") if count[each]):
            told[post_id] = words
    return told


async def _saved(
    databases: Databases, settings: Settings, author: SignedIn, post_id: str
) -> tuple[editor.Opened, DraftForm, tuple[checks.Finding, ...]]:
    opened = await editor.open_post(databases, author, post_id)
    stored = views.form_of(opened.post, opened.newest, author.time_zone)
    return opened, stored, await _look(databases, settings, opened.post, stored)


async def _look(
    databases: Databases, settings: Settings, post_: posts.Post, form: DraftForm
) -> tuple[checks.Finding, ...]:
    try:
        draft = views.draft(form)
    except Invalid:
        # A field that cannot be read is told of by saving; the rest can be looked at.
        draft = posts.Draft(
            title=form.title,
            slug=form.slug,
            summary=form.summary,
            body=form.body_markdown,
            cover_asset_id=form.cover_id or None,
        )
    body = draft.body.replace("\r\n", "\n")
    return await checks.look(databases.site, post_, msgspec.structs.replace(draft, body=body), settings.site_url)


async def _page(
    request: AnyRequest,
    databases: Databases,
    author: SignedIn,
    opened: editor.Opened,
    form: DraftForm,
    found: tuple[checks.Finding, ...],
    *,
    publishing: bool = False,
) -> Response[str]:
    return await pages.page(
        request,
        databases,
        "author/posts/checks.html",
        author=author,
        post=views.edited(opened.post, opened.newest, form),
        found=_placed(opened.post, found),
        fields=_fields(form),
        publishing=publishing,
    )


def _fields(form: DraftForm) -> dict[str, str]:
    """What «Publish anyway» sends: all that the form held, or no text where it held none."""
    if form.base_revision is None:
        return {"publish_at": form.publish_at, "unpublish_at": form.unpublish_at, "zone": form.zone}
    return {**form.details, "body_markdown": form.body_markdown, "base_revision": str(form.base_revision)}


def _placed(post_: posts.Post, found: tuple[checks.Finding, ...]) -> list[Place]:
    places = []
    for each in found:
        target = _IDS.get(each.field, f"field-{each.field}")
        line = "" if each.line is None else f"?line={each.line}"
        places.append(
            Place(
                severity=each.severity,
                what=each.what,
                why=each.why,
                mend=each.mend,
                line=each.line,
                target=target,
                url=f"/author/posts/{post_.id}{line}#{target}",
            )
        )
    return places


route_handlers = [show, create]
