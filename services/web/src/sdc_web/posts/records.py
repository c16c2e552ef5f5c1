"""The shapes of a post and of its revisions."""

from typing import Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal["post", "page", "project"]
State: TypeAlias = Literal["draft", "scheduled", "published", "changed"]

_FOLDERS: dict[Kind, str] = {"post": "/posts/", "page": "/", "project": "/projects/"}


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `posts`. `revision_id` is the published revision, None while none is; times in microseconds, UTC."""

    id: str
    kind: Kind
    slug: str
    author_id: str
    created_at_us: int
    revision_id: str | None
    published_at_us: int | None
    changed_at_us: int | None
    scheduled_at_us: int | None

    @property
    def path(self) -> str:
        """The address that readers use, below the site's own."""
        return path_of(self.kind, self.slug)


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `revisions`. `number` counts the saves of a post from 1 and is the If-Match value; `body` is Markdown,
    `body_html` its sanitised HTML once it was published.
    """

    id: str
    post_id: str
    number: int
    title: str
    slug: str
    summary: str
    body: str
    tags_json: str
    cover_asset_id: str | None
    saved_at_us: int
    author_id: str
    body_html: str | None = None
    reading_minutes: int | None = None
    published_at_us: int | None = None
    series: str = ""
    series_position: int | None = None

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags in the author's order."""
        return decode_tags(self.tags_json)


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What the author types. An empty slug is made from the title; `series` is a title too, empty for none, and
    `series_position` says which part it is: parts without one come last, by date.
    """

    title: str
    slug: str = ""
    summary: str = ""
    body: str = ""
    tags: tuple[str, ...] = ()
    cover_asset_id: str | None = None
    series: str = ""
    series_position: int | None = None


def path_of(kind: Kind, slug: str) -> str:
    """The public address of a post of that kind, such as `/posts/a-slug`."""
    return _FOLDERS[kind] + slug


def decode_tags(tags_json: str) -> tuple[str, ...]:
    """Tags as the database holds them: a JSON list of names."""
    return msgspec.json.decode(tags_json, type=tuple[str, ...])


def encode_tags(tags: tuple[str, ...]) -> str:
    """The other way round."""
    return msgspec.json.encode(tags).decode()
