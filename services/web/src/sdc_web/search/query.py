"""What a reader types into the search, in a grammar of our own: whatever it is, it is a question and never an error."""

import re
import unicodedata

import msgspec

from sdc_web.texts.scripts import spread

MAX_QUERY = 200
MAX_PIECES = 12
"""Words and quoted phrases that one search takes."""
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»", '"'))
_PIECE = re.compile(r'(-?)"([^"]*)("?)|([^\s"]+)')
_WORD = re.compile(r"\w+")
_BEGINNING = 2
"""Letters that stand for every word that begins with them; a single one is a word of its own."""


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """Words that stand side by side in a text; `open` when the last of them is only the beginning of one."""

    words: tuple[str, ...]
    open: bool = False

    @property
    def expression(self) -> str:
        """As FTS5 reads it: in quotes it is text, whatever it spells."""
        return f'"{" ".join(self.words)}"{"*" if self.open else ""}'


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """`text` is what was typed, with single spaces; every wanted piece must be in a post, and no unwanted one."""

    text: str = ""
    wanted: tuple[Piece, ...] = ()
    unwanted: tuple[Piece, ...] = ()
    too_long: bool = False

    @property
    def expression(self) -> str:
        """The whole for FTS5, empty where nothing is wanted."""
        if not self.wanted or self.too_long:
            return ""
        wanted = " AND ".join(piece.expression for piece in self.wanted)
        unwanted = " OR ".join(piece.expression for piece in self.unwanted)
        return f"({wanted}) NOT ({unwanted})" if unwanted else wanted

    @property
    def in_title(self) -> str:
        """The same, where the title alone holds what is wanted."""
        wanted = " AND ".join(piece.expression for piece in self.wanted)
        unwanted = " OR ".join(piece.expression for piece in self.unwanted)
        titled = f"{{title}} : ({wanted})"
        return f"{titled} NOT ({unwanted})" if unwanted else titled


def parse(typed: str) -> Query:
    """`words`, `"a phrase"`, `-without`, `-"without this"`; all else that is typed separates words.

    The last word counts as a beginning too, since it may still be on its way, unless its phrase was closed.
    """
    if len(typed) > MAX_QUERY:
        return Query(text=visible(typed[:MAX_QUERY]), too_long=True)
    text = visible(typed)
    wanted, unwanted = [], []
    ends_open = False
    for found in _PIECE.finditer(text.translate(_QUOTES)):
        minus, phrase, closed, plain = found.groups()
        without = bool(minus) if plain is None else plain.startswith("-")
        words = tuple(_WORD.findall(spread(phrase if plain is None else plain)))
        if words:
            (unwanted if without else wanted).append(Piece(words=words))
            ends_open = not without and not closed and _is_beginning(words[-1])
    if wanted and ends_open:
        wanted[-1] = msgspec.structs.replace(wanted[-1], open=True)
    too_long = len(wanted) + len(unwanted) > MAX_PIECES
    # What is typed twice is looked for once.
    once, unwanted_once = tuple(dict.fromkeys(wanted)), tuple(dict.fromkeys(unwanted))
    return Query(text=text, wanted=once, unwanted=unwanted_once, too_long=too_long)


def visible(typed: str) -> str:
    """In composed letters, with single spaces, and without what no answer could carry."""
    composed = unicodedata.normalize("NFC", typed)
    return " ".join("".join(letter if letter.isprintable() else " " for letter in composed).split())


def _is_beginning(word: str) -> bool:
    return len(word) >= _BEGINNING or not word.isascii()
