"""A draft, for whoever holds its secret link: a page of the site that nobody keeps, counts as published or finds."""

import asyncio
import re

from litestar import MediaType, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from sdc_core import clock
from sdc_core.settings import Settings

from sdc_web import posts, templating
from sdc_web.db import Databases
from sdc_web.posts import preview_links, previewing
from sdc_web.problems import AnyRequest
from sdc_web.sessions import cookies
from sdc_web.site.looks import Looks

_PROGRAMS = re.compile(
    "bot|crawl|spider|slurp|preview|unfurl|embed|fetch|scan|monitor|facebookexternalhit|whatsapp|telegram|discord|slack"
    "|skype|teams|mastodon|pleroma|misskey|bluesky|cardyb|curl|wget|python|httpx|go-http|java|okhttp|axios|node",
    re.IGNORECASE,
)
"""Words in the names of programs that look at a link where it is pasted; people's browsers have none of them."""


@get("/preview/{token:str}")
async def show(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    looks: NamedDependency[Looks],
    token: FromPath[str],
) -> Response[str]:
    """The text, in the theme. Raises NotFound alike for a link that never was, is over or was taken back; Throttled."""
    looks.take(request.scope["client"][0] if request.scope["client"] else "", clock.monotonic_us())
    found = await preview_links.follow(databases, token)
    async with databases.site.read() as connection:
        front = await posts.front(connection, settings.site_url)
    post = await previewing.of_revision(databases.site, found.post, found.revision)
    if _is_a_person(request):
        await preview_links.viewed(databases, found.link.id)
    template = "site/previews/page.html" if post.kind == "page" else "site/previews/post.html"
    html = await asyncio.to_thread(
        templating.render, template, site=front, navigation=front.navigation, post=post, link=found.link
    )
    return Response(html, media_type=MediaType.HTML, headers={"cache-control": "private, no-store"})


def _is_a_person(request: AnyRequest) -> bool:
    """Whether the look counts: not the author's own, nor a program's, nor a browser's that fetches ahead."""
    headers = request.headers
    ahead = "prefetch" in headers.get("sec-purpose", headers.get("purpose", ""))
    signed_in = any(cookies.PLAIN_NAME in name for name in request.cookies)
    agent = headers.get("user-agent", "")
    return bool(agent) and not (ahead or signed_in or "sdc.head" in request.scope or _PROGRAMS.search(agent))


route_handlers = [show]
