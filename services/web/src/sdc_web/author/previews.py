"""A draft as readers would see it: the saved one as a page in the real theme, the unsaved one as a fragment."""

import asyncio

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sdc_core.settings import Settings

from sdc_web import htmx, media, pages, posts, templating
from sdc_web.author import editor, forms, views
from sdc_web.author.views import DraftForm
from sdc_web.db import Databases
from sdc_web.media.picture import Cover, Shown
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn
from sdc_web.texts import language_names, markdown, outline


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """What `_preview.html` shows."""

    id: str
    title: str
    body_html: str
    faults: tuple[str, ...]


class Previewed(msgspec.Struct, frozen=True, kw_only=True):
    """A draft in the place of a published post: it has no dates yet."""

    id: str
    kind: posts.Kind
    slug: str
    url: str
    title: str
    summary: str
    body_html: str
    outline: tuple[outline.Entry, ...]
    reading_minutes: int
    tags: tuple[str, ...]
    cover: Cover | None
    project: posts.ProjectFacts | None
    gallery: tuple[Shown, ...]
    language: str
    direction: str
    canonical_url: str
    translations: None = None
    place: None = None
    published_at_us: None = None
    updated_at_us: None = None


@get("/author/posts/{post_id:str}/preview", right="posts.read")
async def show(
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
    post_id: FromPath[str],
) -> Response[str]:
    """The newest revision as a page of the site."""
    opened = await editor.open_post(databases, author, post_id)
    return await _page(databases, settings, opened, views.form_of(opened.post, opened.newest))


@post("/author/posts/{post_id:str}/preview", status_code=200, request_max_body_size=editor.MAX_BODY, right="posts.read")
async def create(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    author: NamedDependency[SignedIn],
    post_id: FromPath[str],
) -> Response[str]:
    """The text of the form, which is saved nowhere: a fragment for htmx, else the page."""
    form = await forms.read(request, DraftForm)
    opened = await editor.open_post(databases, author, post_id)
    if not htmx.wants_fragment(request):
        return await _page(databases, settings, opened, form)
    html, text = await _body(databases, form.body_markdown)
    rendered = Rendered(id=opened.post.id, title=form.title, body_html=html, faults=text.faults)
    return pages.fragment("author/posts/_preview.html", post=rendered)


async def _page(databases: Databases, settings: Settings, opened: editor.Opened, form: DraftForm) -> Response[str]:
    async with databases.site.read() as connection:
        front = await posts.front(connection, settings.site_url)
    template = "site/pages/show.html" if opened.post.kind == "page" else "site/posts/show.html"
    previewed = await _previewed(databases, opened.post, views.draft(form))
    return pages.html(templating.render(template, site=front, navigation=front.navigation, post=previewed))


async def _previewed(databases: Databases, post_: posts.Post, draft: posts.Draft) -> Previewed:
    html, text = await _body(databases, draft.body)
    pictures = draft.project.pictures if draft.project else ()
    async with databases.site.read() as connection:
        found = await media.find(connection, draft.cover_asset_id) if draft.cover_asset_id else None
        assets = await media.by_ids(connection, {*pictures})
    cover = media.picture.cover(found, eager=True) if found else None
    return Previewed(
        id=post_.id,
        kind=post_.kind,
        slug=post_.slug,
        url=post_.path,
        title=draft.title or "Untitled",
        summary=draft.summary,
        body_html=outline.with_anchors(html),
        outline=outline.of(html),
        reading_minutes=text.reading_minutes,
        tags=draft.tags,
        cover=cover,
        project=draft.project,
        language=draft.language,
        canonical_url=draft.canonical_url,
        direction=language_names.direction(draft.language),
        gallery=media.picture.gallery(pictures, assets),
    )


async def _body(databases: Databases, body: str) -> tuple[str, markdown.Rendered]:
    """HTML with its pictures, and what else is known of the text."""
    rendered = await asyncio.to_thread(markdown.render, body)
    async with databases.site.read() as connection:
        shown = await media.by_ids(connection, media.picture.mentioned(rendered.html))
    return media.picture.embed(rendered.html, shown), rendered


route_handlers = [show, create]
