"""The shapes of a post and of its revisions."""

from typing import Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal["post", "page", "project"]
State: TypeAlias = Literal["draft", "scheduled", "published", "changed"]
ProjectStatus: TypeAlias = Literal["idea", "in progress", "maintained", "finished", "resting"]

_FOLDERS: dict[Kind, str] = {"post": "/posts/", "page": "/", "project": "/projects/"}
_KINDS: dict[str, Kind] = {"posts": "post", "projects": "project"}


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `posts`. `revision_id` is the published revision, None while none is; `scheduled_revision_id` the one
    that goes out at `scheduled_at_us`; `schedule_failure` says why it did not. Times in microseconds, UTC.
    """

    id: str
    kind: Kind
    slug: str
    author_id: str
    created_at_us: int
    revision_id: str | None
    published_at_us: int | None
    changed_at_us: int | None
    scheduled_at_us: int | None
    scheduled_revision_id: str | None = None
    unpublish_at_us: int | None = None
    schedule_failure: str = ""

    @property
    def path(self) -> str:
        """The address that readers use, below the site's own."""
        return path_of(self.kind, self.slug)


class Publication(Post, frozen=True, kw_only=True):
    """A post that was published just now, or scheduled; `faults` says why diagrams of its text stayed code."""

    faults: tuple[str, ...] = ()


class Link(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place to go to: https, or a path of this site. Without a label its host stands for one."""

    label: str = ""
    url: str


class ProjectFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a project says of itself beside its text; whatever is empty is not said. `repository` is an https URL,
    `section` a short name that some projects share, `pictures` are ids of media assets in the author's order.
    """

    status: ProjectStatus | Literal[""] = ""
    section: str = ""
    repository: str = ""
    links: tuple[Link, ...] = ()
    pictures: tuple[str, ...] = ()


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `revisions`. `number` counts the saves of a post from 1 and is the If-Match value; `body` is Markdown,
    `body_html` its sanitised HTML once it was published; `tab` and `save_no` are of the save, as `Sent` has them.
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
    project_json: str | None = None
    language: str = ""
    translation_key: str = ""
    canonical_url: str = ""
    dated_at_us: int | None = None
    tab: str = ""
    save_no: int = 0

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags in the author's order."""
        return decode_tags(self.tags_json)

    @property
    def project(self) -> ProjectFacts | None:
        """What the project says of itself, None for nothing."""
        return decode_project(self.project_json)


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """Which opened editor sends a text, empty for what is none, and which of its saves it is: later ones have a greater
    number.
    """

    tab: str = ""
    number: int = 0

    def saved(self, newest: Revision, author_id: str) -> bool:
        """Whether the newest text came from there itself, by this save or an earlier one whose answer may be lost."""
        own = self.tab != "" and (newest.tab, newest.author_id) == (self.tab, author_id)
        return own and newest.save_no <= self.number


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What the author types. An empty slug is made from the title; `series` is a title too, empty for none, and
    `series_position` says which part it is: parts without one come last, by date. Texts with the same `translation_key`
    are one in several languages; `language` is a BCP 47 tag, empty for that of the site. `canonical_url` is where the
    text is at home, empty for here; `dated_at_us` is the date that readers see, None for when it is first published.
    """

    title: str
    slug: str = ""
    summary: str = ""
    body: str = ""
    tags: tuple[str, ...] = ()
    cover_asset_id: str | None = None
    series: str = ""
    series_position: int | None = None
    project: ProjectFacts | None = None
    language: str = ""
    translation_key: str = ""
    canonical_url: str = ""
    dated_at_us: int | None = None


def path_of(kind: Kind, slug: str) -> str:
    """The public address of a post of that kind, such as `/posts/a-slug`."""
    return _FOLDERS[kind] + slug


def address_of(path: str) -> tuple[Kind, str] | None:
    """The other way round: the kind and the slug that a path names, None where it can be that of no text."""
    parts = path.removeprefix("/").split("/")
    if len(parts) == 1 and parts[0]:
        return "page", parts[0]
    kind = _KINDS.get(parts[0]) if len(parts) == 2 and parts[1] else None
    return (kind, parts[1]) if kind else None


def decode_tags(tags_json: str) -> tuple[str, ...]:
    """Tags as the database holds them: a JSON list of names."""
    return msgspec.json.decode(tags_json, type=tuple[str, ...])


def encode_tags(tags: tuple[str, ...]) -> str:
    """The other way round."""
    return msgspec.json.encode(tags).decode()


def decode_project(project_json: str | None) -> ProjectFacts | None:
    """What the database holds of a project."""
    return None if project_json is None else msgspec.json.decode(project_json, type=ProjectFacts)


def encode_project(project: ProjectFacts | None) -> str | None:
    """The other way round; None where nothing is said."""
    return None if project in (None, ProjectFacts()) else msgspec.json.encode(project).decode()
