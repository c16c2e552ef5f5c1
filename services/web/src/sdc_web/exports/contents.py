"""What an export holds, file by file: the names of its folders, and the shapes of what is no text."""

import msgspec

from sdc_web.about.robots import Robots
from sdc_web.about.site import Elsewhere
from sdc_web.look import Look
from sdc_web.posts.navigation import Entry
from sdc_web.posts.records import Kind
from sdc_web.webmentions.entries import Kind as Said
from sdc_web.webmentions.switches import Switches

FORMAT = "sdc-1"
FOLDERS: dict[Kind, str] = {"post": "content/posts", "page": "content/pages", "project": "content/projects"}
CHANGES: dict[Kind, str] = {"post": "changes/posts", "page": "changes/pages", "project": "changes/projects"}
"""Words that readers do not see yet, of texts that they see, or will."""
MEDIA = "static/media"
"""Below it the originals; `/media/…` is how texts name them, and where Hugo serves them."""
SITE, MEDIA_LIST, TAGS = "data/site.json", "data/media.json", "data/tags.json"
SERIES, REDIRECTS, AUTHORS = "data/series.json", "data/redirects.json", "data/authors.json"
WEBMENTIONS = "data/webmentions.json"


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """What the author says of the site and how it looks. `navigation` is None where it is made from what is published;
    `home` are the slugs of the projects on the home page, in order.
    """

    format: str
    title: str
    description: str
    language: str
    elsewhere: tuple[Elsewhere, ...]
    look: Look
    robots: Robots
    navigation: tuple[Entry, ...] | None
    home: tuple[str, ...]
    time_zone: str = "UTC"
    beacon: bool = False
    webmentions: Switches = Switches()
    webmention_blocks: tuple[str, ...] = ()


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A media asset: where its original is below `MEDIA`, and what is said of it. `author` is a sign-in name; an older
    export does not know of `decorative`.
    """

    file: str
    name: str
    sha256: str
    alt: str
    title: str
    caption: str
    focus_x: int
    focus_y: int
    author: str
    decorative: bool = False


class Tag(msgspec.Struct, frozen=True, kw_only=True):
    """A tag that has words, a colour or former names."""

    name: str
    colour: str
    description: str
    former: tuple[str, ...]


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """A series with its address."""

    title: str
    slug: str
    description: str


class Redirect(msgspec.Struct, frozen=True, kw_only=True):
    """An address of the author's own; those of texts stand with the texts, as `aliases`."""

    path: str
    target: str


class Webmention(msgspec.Struct, frozen=True, kw_only=True):
    """What another site said of the text at `path`, and its author accepted; `at_us` is when it was told."""

    path: str
    source: str
    kind: Said
    author_name: str
    author_url: str
    title: str
    words: str
    at_us: int


class Author(msgspec.Struct, frozen=True, kw_only=True):
    """Who wrote: no more than readers see."""

    name: str
    display_name: str


def encoded(value: object) -> bytes:
    """As a file of the export: JSON that people can read, the same for the same value."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
