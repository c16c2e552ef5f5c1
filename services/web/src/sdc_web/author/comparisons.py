"""Two revisions of a post beside each other, or woven into one."""

import asyncio
from typing import Literal

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from sdc_web import pages, posts
from sdc_web.author import forms, history_views
from sdc_web.db import Databases
from sdc_web.posts import history, store
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which two, by their ids: `old` may be `live`, what readers see, and `new` may be left out for the newest."""

    old: str
    new: str = ""
    view: Literal["woven", "beside"] = "woven"


@get("/author/posts/{post_id:str}/comparison", right="posts.read")
async def show(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    author: NamedDependency[SignedIn],
    post_id: FromPath[str],
) -> Response[str]:
    """What differs, the text first."""
    query = forms.fields(request.scope["query_string"].decode("latin-1"), Wanted)
    async with databases.site.read() as connection:
        post = await posts.find(connection, author.actor, post_id)
        newest = await posts.revisions.newest(connection, author.actor, post_id)
        old_id = (post.revision_id or "") if query.old == "live" else query.old
        old = await store.revision(connection, post_id, old_id)
        new = await store.revision(connection, post_id, query.new or newest.id)
        ends = [await history.entry(connection, post_id, each.id) for each in (old, new)]
        named = await history_views.covers(connection, [old, new])
    compared = await asyncio.to_thread(history_views.compared, post, old, new, named, author.time_zone)
    return await pages.page(
        request,
        databases,
        "author/revisions/compare.html",
        author=author,
        post=post,
        title=newest.title,
        old=ends[0],
        new=ends[1],
        compared=compared,
        view=query.view,
    )


route_handlers = [show]
