"""What an import works with: a text that was read, the pictures it names, and the line of the report about it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from sdc_web.posts.records import Draft, Kind

Outcome: TypeAlias = Literal["published", "scheduled", "draft", "unchanged", "skipped"]


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A file as a text names it, and what it shows, in words, where that is said."""

    file: str
    alt: str = ""


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A text. `at_us` is the date readers see, None where it has none; `aliases` are its old addresses as paths, and
    those in `claimed` are what its old site gave it by rule, which nobody misses where something else is there.
    `pictures` are files that a project names beside its text; `notes` is what was left out, in words.
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


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where texts come from, format by format. `names` are those of its entries, in order; `read` brings one of them,
    blocking, and raises Invalid in words; `located` finds a picture that it names, None where there is none.
    `refused` says of entries that are no texts of this site why not; `addresses` are those that its texts will have.
    """

    names: tuple[str, ...]
    read: Callable[[str], Document]
    located: Callable[[str, str], Path | None]
    refused: Mapping[str, str] = msgspec.field(default_factory=dict)
    addresses: frozenset[str] = frozenset()


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an entry: its `address` below the site's own, why it was skipped, and what was left out of it."""

    file: str
    outcome: Outcome
    address: str = ""
    reason: str = ""
    notes: tuple[str, ...] = ()
