"""A draft as readers would see it, in the real theme: a page, and beside the text while it is typed."""

import asyncio

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sdc_core.errors import Invalid
from sdc_core.settings import Settings

from sdc_web import edge, htmx, pages, posts, templating
from sdc_web.author import editor, views
from sdc_web.author.views import DraftForm
from sdc_web.db import Databases
from sdc_web.posts import previewing
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn
from sdc_web.texts import markdown


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """What the editor's script is told: the page, the line of the text on which each block of it begins, and why some
    diagrams stay code.
    """

    html: str
    lines: list[int]
    faults: tuple[str, ...]


@get("/author/posts/{post_id:str}/preview", right="posts.read")
async def show(
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
    post_id: FromPath[str],
) -> Response[str]:
    """The newest revision as a page of the site."""
    opened = await editor.open_post(databases, author, post_id)
    page, _ = await _page(databases, settings, opened, views.form_of(opened.post, opened.newest, author.time_zone))
    return pages.html(page)


@get("/author/posts/{post_id:str}/preview/frame", right="posts.read")
async def frame(
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
    post_id: FromPath[str],
) -> Response[str]:
    """The theme without a text, which the editor shows beside its own and fills."""
    opened = await editor.open_post(databases, author, post_id)
    page, _ = await _page(databases, settings, opened, DraftForm(language=opened.newest.language))
    return pages.html(page, policy=edge.FRAMED)


@post("/author/posts/{post_id:str}/preview", status_code=200, request_max_body_size=editor.MAX_BODY, right="posts.read")
async def create(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
    post_id: FromPath[str],
) -> Response[str] | Response[bytes]:
    """The text of the form, which is saved nowhere: a page, or as JSON what the script needs of it."""
    form = await editor.read_as_it_is(request)
    opened = await editor.open_post(databases, author, post_id)
    page, faults = await _page(databases, settings, opened, form)
    if not htmx.wants_json(request):
        return pages.html(page)
    body = form.body_markdown.replace("\r\n", "\n")
    live = Live(html=page, lines=await asyncio.to_thread(markdown.lines, body), faults=faults)
    return Response(msgspec.json.encode(live), media_type="application/json")


async def _page(
    databases: Databases, settings: Settings, opened: editor.Opened, form: DraftForm
) -> tuple[str, tuple[str, ...]]:
    """The page, and why diagrams stay code."""
    async with databases.site.read() as connection:
        front = await posts.front(connection, settings.site_url)
    previewed = await previewing.of(databases.site, opened.post, _draft(form))
    page = templating.render(previewed.template, site=front, navigation=front.navigation, post=previewed)
    return page, previewed.faults


def _draft(form: DraftForm) -> posts.Draft:
    """What was typed; a date or a number that is not written out yet keeps nobody from seeing the text."""
    try:
        return views.draft(form)
    except Invalid:
        shown = ("title", "summary", "tags", "body_markdown", "cover_id", "language")
        return views.draft(DraftForm(**{name: getattr(form, name) for name in shown}))


route_handlers = [show, frame, create]
