"""Saving a draft: on each pause of typing by htmx, and by a button without it."""

import re

import msgspec
from litestar import Response, put
from litestar.di import NamedDependency
from litestar.params import FromPath
from sdc_core.errors import Invalid
from sdc_core.settings import Settings

from sdc_web import htmx, pages, posts
from sdc_web.author import editor, views
from sdc_web.author.views import DraftForm
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn

CONFLICT = "conflict"
"""The intent of a form whose author has seen both texts, and takes this one."""
_IF_MATCH = re.compile(r'"?([0-9]{1,9})"?')


@put("/author/posts/{post_id:str}/draft", request_max_body_size=editor.MAX_BODY, right="posts.change")
async def save(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
    post_id: FromPath[str],
) -> Response[str] | Response[bytes]:
    """Save onto the revision that the form began from: 412 with both texts when another one came in between, 422 with
    what is wrong when a field is refused; all others are saved.
    """
    form = based(request, await editor.read(request, databases, author))
    try:
        if form.intent == CONFLICT:
            await posts.history.keep_elsewhere(databases.site, author.actor, post_id, form.base_revision)
        left = await editor.save_what_fits(databases, settings, post_id, form, author)
    except (Invalid, posts.Stale) as error:
        return await refused(request, databases, author, post_id, form, error)
    if not left and not htmx.wants_fragment(request):
        return pages.redirect(f"/author/posts/{post_id}", "saved")
    opened = await editor.open_post(databases, author, post_id)
    if not htmx.wants_fragment(request):
        return await editor.show(request, databases, author, opened, form, refused=left)
    return pages.fragment(
        "author/posts/draft.swap.html",
        author,
        status_code=422 if left else 200,
        post=views.edited(opened.post, opened.newest, form),
        status=views.status(opened.post, opened.newest, author.time_zone, refused=left),
        outlook=views.outlook(opened.post, opened.standing),
        conflict=None,
    )


def based(request: AnyRequest, form: DraftForm) -> DraftForm:
    """The form with its base revision, which `If-Match` may say instead; Invalid when neither does."""
    if form.base_revision is not None:
        return form
    named = _IF_MATCH.fullmatch(request.headers.get("If-Match", ""))
    if named is None:
        raise Invalid("say which revision this text was begun from: base_revision, or If-Match", field="base_revision")
    return msgspec.structs.replace(form, base_revision=int(named[1]))


async def rest_saved(
    request: AnyRequest,
    databases: Databases,
    settings: Settings,
    author: SignedIn,
    post_id: str,
    form: DraftForm,
    error: Invalid | posts.Stale,
) -> Response[str]:
    """Why what was asked for was not done. What the form holds is saved all the same, but for what is refused: without
    script it stands in no other place.
    """
    if isinstance(error, Invalid) and form.base_revision is not None:
        try:
            left = await editor.save_what_fits(databases, settings, post_id, form, author)
        except (Invalid, posts.Stale) as worse:
            return await refused(request, databases, author, post_id, form, worse)
        opened = await editor.open_post(databases, author, post_id)
        left[error.field or "form"] = str(error)
        return await editor.show(request, databases, author, opened, form, refused=left)
    return await refused(request, databases, author, post_id, form, error)


async def refused(
    request: AnyRequest,
    databases: Databases,
    author: SignedIn,
    post_id: str,
    form: DraftForm,
    error: Invalid | posts.Stale,
) -> Response[str]:
    """Why the text was not taken, with the text: a fragment for htmx, else the whole editor again."""
    opened = await editor.open_post(databases, author, post_id)
    stale = error if isinstance(error, posts.Stale) else None
    invalid = error if isinstance(error, Invalid) else None
    if not htmx.wants_fragment(request):
        return await editor.show(request, databases, author, opened, form, error=invalid, stale=stale)
    if stale:
        both = await editor.both(databases, author, form, opened.post, stale.current)
        return pages.fragment("author/posts/_conflict.html", author, status_code=412, post=opened.post, conflict=both)
    told = views.status(opened.post, opened.newest, author.time_zone, form.base_revision, str(error))
    field = invalid.field if invalid and invalid.field in ("body_markdown", *views.MAY_STAY) else ""
    status = msgspec.structs.replace(told, error_field=field)
    return pages.fragment("author/posts/_status.html", author, status_code=422, post=opened.post, status=status)


route_handlers = [save]
