"""WordPress's export format, WXR: read piece by piece, so that its size is no matter, and with nothing that XML can do
beyond naming things.
"""

from collections.abc import Callable
from pathlib import Path
from xml.parsers import expat

import msgspec
from sdc_core.errors import Invalid, TooLarge

from sdc_web.imports import byte_marks

MAX_FIELD = 8 * 1024 * 1024
"""Characters of one field."""
MAX_ITEM = 64 * 1024 * 1024
MAX_ITEMS = 200_000
MAX_CATEGORIES = 10_000
MAX_NAME = 200
"""Letters of a category's names, as WordPress keeps them."""
MAX_SHORT = 2_000
"""Letters of a field that is no words of the author's: what is kept of all items at once is made of these."""
_LONG = frozenset({"title", "content:encoded", "excerpt:encoded"})
_NO_XML = bytes(each for each in range(32) if each not in b"\t\n\r")
"""Control characters, in every encoding that WordPress writes."""
_TOO_LONG = f"the file holds a field of more than {MAX_FIELD // 1024 // 1024} MB"


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """A category or a tag of an item."""

    domain: str
    nicename: str
    name: str


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A comment."""

    author: str = ""
    date: str = ""
    content: str = ""
    approved: str = ""
    kind: str = ""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A text or an attachment, with the fields that matter here by the names WXR gives them."""

    fields: dict[str, str]
    terms: tuple[Term, ...] = ()
    meta: dict[str, str] = {}
    comments: tuple[Said, ...] = ()

    def get(self, name: str) -> str:
        """The field, without spaces around it; empty for none."""
        return self.fields.get(name, "").strip()


class Channel(msgspec.Struct, kw_only=True):
    """What the export says of its site."""

    address: str = ""
    version: str = ""
    parents: dict[str, str] = {}
    """Of categories: by its nicename that of the one it lies in."""


def read(file: Path, take: Callable[[Item], None]) -> Channel:
    """Hand over one item after the other. Blocking. Raises Invalid or TooLarge, in words, for what is no export."""
    reader = _Reader(take)
    # What is handed over is UTF-8 then, whatever the file says of itself.
    parser = expat.ParserCreate("utf-8" if byte_marks.is_utf_16(file) else None)
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.data
    # No export has a document type; what can be declared in one unfolds without end, or reads files.
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    try:
        given = 0
        for piece in byte_marks.pieces(file):
            # WordPress writes what authors pasted as it is, also where XML has no place for it.
            chunk = piece.translate(None, _NO_XML)
            given += len(chunk)
            parser.Parse(chunk)
            # A comment or an attribute is looked through anew with each piece of it, until its end is there.
            if given - parser.CurrentByteIndex > MAX_FIELD:
                raise TooLarge(_TOO_LONG)
        parser.Parse(b"", True)  # noqa: FBT003 - expat has no name for it
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise Invalid(f"{file.name} cannot be read: {error}") from None
    if not reader.channel.version:
        raise Invalid(f"{file.name} is no export of WordPress: it does not say so")
    return reader.channel


def is_one(file: Path) -> bool:
    """Whether the beginning of a file looks like such an export."""
    return b"wordpress.org/export/" in byte_marks.head(file, 16_384)


def _refuse(*_: object) -> None:
    raise Invalid("the file holds a document type, which no export of WordPress has")


class _Reader:
    """Follows the elements of one export. Names keep their prefixes, which WordPress never changes."""

    def __init__(self, take: Callable[[Item], None]) -> None:
        self.channel = Channel()
        self._take = take
        self._path: list[str] = []
        self._words: list[str] = []
        self._length = 0
        self._item_length = 0
        self._items = 0
        self._fields: dict[str, str] = {}
        self._terms: list[Term] = []
        self._meta: dict[str, str] = {}
        self._comments: list[Said] = []
        self._inside: dict[str, str] = {}
        self._attributes: dict[str, str] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        self._path.append(name)
        if len(self._path) > 12:
            raise Invalid("the file nests deeper than any export of WordPress")
        self._words, self._length = [], 0
        match self._path[2:]:
            case ["item"]:
                self._fields, self._terms, self._meta, self._comments = {}, [], {}, []
                self._item_length = 0
            case ["item", "category"]:
                self._attributes = attributes
            case ["item", "wp:postmeta" | "wp:comment"] | ["wp:category"]:
                self._inside = {}

    def data(self, words: str) -> None:
        """Words of the element."""
        self._length += len(words)
        self._item_length += len(words)
        if self._length > MAX_FIELD or self._item_length > MAX_ITEM:
            raise TooLarge(_TOO_LONG)
        self._words.append(words)

    def end(self, _: str) -> None:
        """An element ends."""
        words = "".join(self._words)
        match self._path[2:]:
            case ["item"]:
                self._items += 1
                if self._items > MAX_ITEMS:
                    raise TooLarge(f"the file holds more than {MAX_ITEMS:,} items")
                self._take(
                    Item(fields=self._fields, terms=tuple(self._terms), meta=self._meta, comments=tuple(self._comments))
                )
            case ["item", "category"]:
                self._terms.append(
                    Term(
                        domain=self._attributes.get("domain", "")[:MAX_NAME],
                        nicename=self._attributes.get("nicename", "")[:MAX_NAME],
                        name=words[:MAX_NAME],
                    )
                )
            case ["item", "wp:postmeta"]:
                self._meta[self._inside.get("wp:meta_key", "")] = self._inside.get("wp:meta_value", "")
            case ["item", "wp:comment"]:
                self._comments.append(_said(self._inside))
            case ["item", field]:
                self._fields[field] = words if field in _LONG else words[:MAX_SHORT]
            case ["item", "wp:postmeta" | "wp:comment", field]:
                self._inside[field] = words
            case path:
                self._of_channel(path, words.strip())
        self._path.pop()
        self._words, self._length = [], 0

    def _of_channel(self, path: list[str], words: str) -> None:
        match path:
            case ["wp:category", field]:
                self._inside[field] = words
            case ["wp:category"] if len(self.channel.parents) < MAX_CATEGORIES:
                named = [self._inside.get(f"wp:category_{each}", "")[:MAX_NAME] for each in ("nicename", "parent")]
                self.channel.parents[named[0]] = named[1]
            case ["link"]:
                self.channel.address = words
            case ["wp:wxr_version"]:
                self.channel.version = words


def _said(inside: dict[str, str]) -> Said:
    return Said(
        author=inside.get("wp:comment_author", ""),
        date=inside.get("wp:comment_date_gmt", ""),
        content=inside.get("wp:comment_content", ""),
        approved=inside.get("wp:comment_approved", ""),
        kind=inside.get("wp:comment_type", ""),
    )
