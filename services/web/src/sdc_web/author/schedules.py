"""What a post will do by itself: its place in the schedule taken back, the moment at which it leaves the site."""

from litestar import Response, delete, put
from litestar.di import NamedDependency
from litestar.params import FromPath
from sdc_core.errors import Invalid
from sdc_core.settings import Settings

from sdc_web import pages, posts
from sdc_web.author import drafts, editor, views
from sdc_web.db import Databases
from sdc_web.posts import schedule
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn


@delete(
    "/author/posts/{post_id:str}/schedule",
    status_code=303,
    request_max_body_size=editor.MAX_BODY,
    right="posts.publish",
)
async def cancel(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
    post_id: FromPath[str],
) -> Response[bytes] | Response[str]:
    """Publish nothing at the set moment; what readers see stays. What the form holds is saved first."""
    form = await editor.read(request, databases, author)
    try:
        form = await editor.save(databases, settings, post_id, form, author)
        await schedule.cancel(databases.site, author.actor, post_id)
    except (Invalid, posts.Stale) as error:
        return await drafts.rest_saved(request, databases, settings, author, post_id, form, error)
    return pages.redirect(f"/author/posts/{post_id}", "unscheduled")


@put(
    "/author/posts/{post_id:str}/expiry",
    status_code=303,
    request_max_body_size=editor.MAX_BODY,
    right="posts.publish",
)
async def expire(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
    post_id: FromPath[str],
) -> Response[bytes] | Response[str]:
    """Have it leave the site at a moment, or with an empty field stay; nothing is published by this, and what the form
    holds is saved first.
    """
    form = await editor.read(request, databases, author)
    try:
        end_us = views.moment_us(form.unpublish_at, "unpublish_at", form.zone)
        form = await editor.save(databases, settings, post_id, form, author)
        await schedule.set_end(databases.site, author.actor, post_id, end_us)
    except (Invalid, posts.Stale) as error:
        return await drafts.rest_saved(request, databases, settings, author, post_id, form, error)
    return pages.redirect(f"/author/posts/{post_id}", "leaves" if end_us else "stays")


route_handlers = [cancel, expire]
