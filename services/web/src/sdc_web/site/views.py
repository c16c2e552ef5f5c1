"""Posts as templates show them: with their address and their pictures in place."""

import msgspec
from sdc_core.sqlite import Connection

from sdc_web import media, templating
from sdc_web.media import Asset
from sdc_web.media.picture import Cover
from sdc_web.posts import Published, outline
from sdc_web.posts.outline import Entry
from sdc_web.posts.reading import Summary
from sdc_web.posts.series import Place


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A post or its summary for a template; `body_html` is empty in lists. Times in microseconds, UTC."""

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

    @property
    def published_at_rfc822(self) -> str:
        """The date as RSS wants it."""
        return templating.rfc822(self.published_at_us)


class Year(msgspec.Struct, frozen=True, kw_only=True):
    """The posts of one year, newest first."""

    year: int
    posts: list[View]


async def assets_of(connection: Connection, posts: list[Summary] | list[Published]) -> dict[str, Asset]:
    """The media assets that these posts show, cover or text."""
    ids = {post.cover_asset_id for post in posts if post.cover_asset_id is not None}
    for post in posts:
        if isinstance(post, Published):
            ids |= media.picture.mentioned(post.body_html)
    return await media.by_ids(connection, ids)


def view(post: Summary, assets: dict[str, Asset], *, absolute: str = "", place: Place | None = None) -> View:
    """A post with its pictures; with `absolute`, the site's address, as it leaves the site in a feed."""
    cover = assets.get(post.cover_asset_id or "")
    body_html = media.picture.embed(post.body_html, assets, absolute=absolute) if isinstance(post, Published) else ""
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
    )
