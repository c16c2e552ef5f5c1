"""The publication of a post: made now or for a set moment, and taken back."""

from litestar import Response, delete, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import UNSET
from sdc_core.errors import Conflict, Invalid
from sdc_core.settings import Settings

from sdc_web import pages, posts
from sdc_web.author import checks, drafts, editor, views
from sdc_web.author.views import DraftForm
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn


@post(
    "/author/posts/{post_id:str}/publication",
    status_code=303,
    request_max_body_size=editor.MAX_BODY,
    right="posts.publish",
)
async def create(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
    post_id: FromPath[str],
) -> Response[bytes] | Response[str]:
    """Save what the form holds, then publish the newest revision; with a moment to come, schedule it. Where something
    in it may want mending, the author is asked first.
    """
    form = await editor.read(request, databases, author)
    try:
        at_us = views.moment_us(form.publish_at, "publish_at", form.zone)
        end_us = views.moment_us(form.unpublish_at, "unpublish_at", form.zone)
        form = await editor.save(databases, settings, post_id, form, author)
        asked = await checks.before_it_goes_out(request, databases, settings, author, post_id, form)
        if asked is not None:
            return asked
        # A form without a text says nothing of the end either.
        ends = UNSET if form.base_revision is None and end_us is None else end_us
        published = await posts.publish(
            databases.site, author.actor, post_id, at_us, form.base_revision, unpublish_at_us=ends
        )
    except Conflict as error:
        taken = Invalid(str(error), field="slug")
        return await drafts.rest_saved(request, databases, settings, author, post_id, form, taken)
    except (Invalid, posts.Stale) as error:
        return await drafts.rest_saved(request, databases, settings, author, post_id, form, error)
    said = "published" if published.scheduled_at_us is None else "scheduled"
    return pages.redirect(f"/author/posts/{post_id}", said)


@delete(
    "/author/posts/{post_id:str}/publication",
    status_code=303,
    request_max_body_size=editor.MAX_BODY,
    right="posts.publish",
)
async def remove(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
    post_id: FromPath[str],
) -> Response[bytes] | Response[str]:
    """Take the post off the site and out of the schedule. What the form holds is saved first: it is never dropped."""
    form = await editor.read(request, databases, author) if await request.body() else DraftForm()
    try:
        form = await editor.save(databases, settings, post_id, form, author)
    except (Invalid, posts.Stale) as error:
        return await drafts.rest_saved(request, databases, settings, author, post_id, form, error)
    await posts.unpublish(databases.site, author.actor, post_id)
    return pages.redirect(f"/author/posts/{post_id}", "unpublished")


route_handlers = [create, remove]
