"""What a text is called: in an address by its title, in ASCII; in a list, where it has no title, by its first words.
And its headings: in ASCII where that loses no letter of them, in their own letters otherwise.
"""

import re
import unicodedata
from collections.abc import Awaitable, Callable

MAX_LENGTH = 80
MAX_BEGINNING = 60
_SIGNS = re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)|^\s*(?:[-+]|[0-9]+\.)\s|[#>*_`~|\\]+", re.MULTILINE)
_JOINERS = re.compile("[\u200c\u200d\u00ad]")
"""Nobody sees them, so nobody would type them into an address."""
# Letters that Unicode does not decompose into an ASCII letter and a mark.
_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ł": "l"})


def from_title(title: str) -> str:
    """ASCII words of a title joined by hyphens, at most `MAX_LENGTH` long; empty when it has no such letter."""
    plain = unicodedata.normalize("NFKD", title.casefold().translate(_LETTERS)).encode("ascii", "ignore").decode()
    return _short("-".join(re.findall(r"[a-z0-9]+", plain.replace("'", ""))))


def of_heading(title: str) -> str:
    """Words of a heading joined by hyphens, at most `MAX_LENGTH` characters; empty when it has no letter and no digit.
    They are those of `from_title` where that finds ASCII for every letter, and else its own, in lower case, as NFC.
    """
    plain = unicodedata.normalize("NFKD", title.casefold().translate(_LETTERS))
    if not any(letter > "\x7f" and unicodedata.category(letter)[0] == "L" for letter in plain):
        return from_title(title)
    own = unicodedata.normalize("NFC", title.lower().replace("'", "").replace("\u2019", ""))
    # Marks belong to their letters: in scripts of India without them no word is left whole.
    kept = "".join(sign if unicodedata.category(sign)[0] in "LMN" else " " for sign in _JOINERS.sub("", own))
    return _short("-".join(kept.split()))


def _short(name: str) -> str:
    if len(name) <= MAX_LENGTH:
        return name
    whole_words = name[: MAX_LENGTH + 1].rpartition("-")[0]
    return whole_words or name[:MAX_LENGTH]


def numbered(name: str, number: int) -> str:
    """That name with a number below 100,000 behind it, shortened where both are too long for an address."""
    return f"{name[: MAX_LENGTH - 6].rstrip('-')}-{number}"


async def first_free(wanted: str, taken: Callable[[str], Awaitable[bool]]) -> str:
    """That name, or one with a number from 2 on behind it: the first free one where the numbers have no gaps. Asks
    about twice as often as the number has binary digits, where counting would ask once for each.
    """
    if not await taken(wanted):
        return wanted
    given, free = 1, 2
    while await taken(numbered(wanted, free)):
        given, free = free, 2 * free
    while free - given > 1:
        middle = (given + free) // 2
        if await taken(numbered(wanted, middle)):
            given = middle
        else:
            free = middle
    return numbered(wanted, free)


def from_beginning(markdown: str) -> str:
    """The first words without most of Markdown's signs, at most `MAX_BEGINNING` letters; empty when there are none."""
    words = " ".join(_SIGNS.sub(lambda sign: sign[1] or " ", markdown).split())
    if len(words) <= MAX_BEGINNING:
        return words
    whole_words = words[:MAX_BEGINNING].rpartition(" ")[0]
    return f"{whole_words or words[: MAX_BEGINNING - 1]}…"
