"""Posts as templates show them: with their address and their pictures in place."""

import msgspec
from sdc_core.settings import Settings
from sdc_core.sqlite import Connection

from sdc_web import media, templating
from sdc_web.media import Asset
from sdc_web.media.picture import Cover, Shown
from sdc_web.posts import ProjectFacts, Published
from sdc_web.posts.languages import Translations
from sdc_web.posts.reading import Summary
from sdc_web.posts.series import Place
from sdc_web.texts import language_names, outline
from sdc_web.texts.outline import Entry


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A post or its summary for a template; `body_html` and `author_name` are empty in lists. Times in
    microseconds, UTC.
    """

    id: str
    kind: str
    slug: str
    url: str
    title: str
    summary: str
    published_at_us: int
    updated_at_us: int
    reading_minutes: int
    tags: tuple[str, ...]
    cover: Cover | None = None
    body_html: str = ""
    outline: tuple[Entry, ...] = ()
    place: Place | None = None
    language: str = ""
    direction: str = ""
    translations: Translations | None = None
    project: ProjectFacts | None = None
    gallery: tuple[Shown, ...] = ()
    canonical_url: str = ""
    author_name: str = ""
    noindex: bool = False

    @property
    def published_at_rfc822(self) -> str:
        """The date as RSS wants it."""
        return templating.rfc822(self.published_at_us)


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """The projects of one section, newest first; without a name those that name none."""

    name: str
    posts: list[View]


class Year(msgspec.Struct, frozen=True, kw_only=True):
    """The posts of one year, newest first."""

    year: int
    posts: list[View]


def by_section(projects: list[View]) -> list[Section]:
    """Sections by name, however that is written; those without one come last."""
    groups: dict[str, list[View]] = {}
    for each in projects:
        groups.setdefault(each.project.section.casefold() if each.project else "", []).append(each)
    ordered = sorted(groups.items(), key=lambda group: (not group[0], group[0]))
    return [Section(name=group[0].project.section if group[0].project else "", posts=group) for _, group in ordered]


async def assets_of(
    connection: Connection, posts: list[Summary] | list[Published], settings: Settings
) -> dict[str, Asset]:
    """The media assets that these posts show, cover or text, for readers."""
    ids = {post.cover_asset_id for post in posts if post.cover_asset_id is not None}
    for post in posts:
        if isinstance(post, Published):
            ids |= media.picture.mentioned(post.body_html)
            ids |= set(post.project.pictures if post.project else ())
    return media.for_readers(await media.by_ids(connection, ids), settings.MEDIA_URL)


def view(
    post: Summary,
    assets: dict[str, Asset],
    *,
    absolute: str = "",
    place: Place | None = None,
    translations: Translations | None = None,
) -> View:
    """A post with its pictures; with `absolute`, the site's address, as it leaves the site in a feed."""
    cover = assets.get(post.cover_asset_id or "")
    whole = isinstance(post, Published)
    body_html = media.picture.embed(post.body_html, assets, absolute=absolute, eager=not cover) if whole else ""
    return View(
        id=post.id,
        kind=post.kind,
        slug=post.slug,
        url=post.url,
        title=post.title,
        summary=post.summary,
        published_at_us=post.published_at_us,
        updated_at_us=post.updated_at_us,
        reading_minutes=post.reading_minutes,
        tags=post.tags,
        cover=media.picture.cover(cover, eager=bool(body_html)) if cover else None,
        body_html=body_html if absolute else outline.with_anchors(body_html),
        outline=() if absolute else outline.of(body_html),
        place=place,
        language=post.language,
        direction=language_names.direction(post.language),
        translations=translations,
        project=post.project,
        gallery=media.picture.gallery(post.project.pictures, assets) if whole and post.project else (),
        canonical_url=post.canonical_url if whole else "",
        author_name=post.author_name if whole else "",
        noindex=whole and post.noindex,
    )
