"""A text in the place of a published one, for the templates of the site: what readers would see, were it out."""

import msgspec
from sdc_core.sqlite import Database, fetch_value

from sdc_web import media
from sdc_web.media.picture import Cover, Shown
from sdc_web.posts.records import Draft, Kind, Post, ProjectFacts, Revision
from sdc_web.texts import language_names, markdown, outline


class Previewed(msgspec.Struct, frozen=True, kw_only=True):
    """A draft as a page: it has no dates yet, nor neighbours. `faults` says why diagrams stay code."""

    id: str
    kind: Kind
    slug: str
    url: str
    title: str
    summary: str
    body_html: str
    outline: tuple[outline.Entry, ...]
    reading_minutes: int
    tags: tuple[str, ...]
    cover: Cover | None
    project: ProjectFacts | None
    gallery: tuple[Shown, ...]
    language: str
    direction: str
    canonical_url: str
    author_name: str
    faults: tuple[str, ...]
    noindex: bool = False
    translations: None = None
    place: None = None
    published_at_us: None = None
    updated_at_us: None = None

    @property
    def template(self) -> str:
        """Where the site shows a post of its kind."""
        return "site/pages/show.html" if self.kind == "page" else "site/posts/show.html"


async def of_revision(database: Database, post: Post, revision: Revision) -> Previewed:
    """A revision as a page."""
    return await of(database, post, msgspec.convert(revision, Draft, from_attributes=True))


SQL_AUTHOR_NAME = "SELECT display_name FROM authors WHERE id = :id"


async def of(database: Database, post: Post, draft: Draft) -> Previewed:
    """A draft as a page, with its pictures."""
    rendered = await markdown.rendered(draft.body)
    pictures = draft.project.pictures if draft.project else ()
    covers = {draft.cover_asset_id} if draft.cover_asset_id else set[str]()
    async with database.read() as connection:
        assets = await media.by_ids(connection, {*pictures, *covers, *media.picture.mentioned(rendered.html)})
        author_name = str(await fetch_value(connection, SQL_AUTHOR_NAME, {"id": post.author_id}) or "")
    html = media.picture.embed(rendered.html, assets)
    cover = assets.get(draft.cover_asset_id or "")
    return Previewed(
        id=post.id,
        kind=post.kind,
        slug=post.slug,
        url=post.path,
        title=draft.title or "Untitled",
        summary=draft.summary,
        body_html=outline.with_anchors(html),
        outline=outline.of(html),
        reading_minutes=rendered.reading_minutes,
        tags=draft.tags,
        cover=media.picture.cover(cover, eager=True) if cover else None,
        project=draft.project,
        gallery=media.picture.gallery(pictures, assets),
        language=draft.language,
        direction=language_names.direction(draft.language),
        canonical_url=draft.canonical_url,
        author_name=author_name,
        faults=rendered.faults,
    )
