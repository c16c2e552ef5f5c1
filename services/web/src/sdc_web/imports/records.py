"""What an import works with: a text that was read, the pictures it names, and the line of the report about it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from sdc_web.posts.records import Draft, Kind

Outcome: TypeAlias = Literal["published", "scheduled", "draft", "taken", "unchanged", "skipped"]
"""Of texts, but for `taken`: a picture, a tag or something else that is no text has come."""

LineKind: TypeAlias = Literal[
    "", "post", "page", "project", "picture", "redirect", "tag", "series", "webmention", "setting", "host"
]
"""Of a line: a text, or what is none."""


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A file as a text names it, and what it shows, in words, where that is said; `leads` when a link leads to it,
    `stands` when it is a cover or in a gallery, where nothing but a picture can be.
    """

    file: str
    alt: str = ""
    leads: bool = False
    stands: bool = False


class Comment(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader said of a text on its old site. This one has no comments; the report keeps them. `at` is as it was
    written there.
    """

    author: str
    at: str
    words: str


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Words of a text with the pictures that stand beside them: its cover, and those of a project. `at_us` is when they
    go out, None for never.
    """

    draft: Draft
    at_us: int | None = None
    cover: Picture | None = None
    pictures: tuple[Picture, ...] = ()


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A text. `at_us` is the date readers see, None where it has none; `aliases` are its old addresses as paths, and
    those in `claimed` are what its old site gave it by rule, which nobody misses where something else is there.
    `pictures` are files that a project names beside its text; `notes` is what was left out, in words. The last six are
    what an export of this site's own tells besides: a `withdrawn` text was before readers once.
    """

    name: str
    kind: Kind
    draft: Draft
    is_draft: bool
    at_us: int | None = None
    ends_at_us: int | None = None
    aliases: tuple[str, ...] = ()
    claimed: tuple[str, ...] = ()
    cover: Picture | None = None
    pictures: tuple[Picture, ...] = ()
    notes: tuple[str, ...] = ()
    author: str = ""
    created_at_us: int | None = None
    changed_at_us: int | None = None
    withdrawn: bool = False
    noindex: bool = False
    changes: tuple[Change, ...] = ()
    comments: tuple[Comment, ...] = ()

    @property
    def layers(self) -> tuple[Change, ...]:
        """What was written, and what was since."""
        first = Change(draft=self.draft, at_us=self.at_us, cover=self.cover, pictures=self.pictures)
        return (first, *self.changes)


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where texts come from, format by format. `names` are those of its entries, in order; `read` brings one of them,
    blocking, and raises Invalid in words; `located` finds a picture that it names, None where there is none.
    `refused` says of entries that are no texts of this site why not; `addresses` are those that its texts will have;
    of a `verbatim` one nothing but the names of pictures is changed, and of those in `media` each, wherever it stands.
    `redirects` are addresses of the old site that
    were no texts, each with the path it leads to; `authors` are the sign-in names that its texts name, and `hosts`
    those at which the old site was, as far as they are known.
    """

    names: tuple[str, ...]
    read: Callable[[str], Document]
    located: Callable[[str, str], Path | None]
    refused: Mapping[str, str] = msgspec.field(default_factory=dict)
    addresses: frozenset[str] = frozenset()
    verbatim: bool = False
    media: frozenset[str] = frozenset()
    redirects: tuple[tuple[str, str], ...] = ()
    authors: tuple[str, ...] = ()
    hosts: frozenset[str] = frozenset()

    @property
    def total(self) -> int:
        """How many lines its import has, at most."""
        return len(self.names) + len(self.redirects) + len(self.authors)


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an entry: its `address` below the site's own, why it was skipped, and what was left out of it.
    `kind` is what it is, empty where that is not known; `pictures` and `redirects` count what comes with a text.
    """

    file: str
    outcome: Outcome
    kind: LineKind = ""
    pictures: int = 0
    redirects: int = 0
    address: str = ""
    reason: str = ""
    notes: tuple[str, ...] = ()
    comments: tuple[Comment, ...] = ()
