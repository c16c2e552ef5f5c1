"""What a text is called: in an address by its title, in ASCII; in a list, where it has no title, by its first words."""

import re
import unicodedata

MAX_LENGTH = 80
MAX_BEGINNING = 60
_SIGNS = re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)|^\s*(?:[-+]|[0-9]+\.)\s|[#>*_`~|\\]+", re.MULTILINE)
# Letters that Unicode does not decompose into an ASCII letter and a mark.
_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ł": "l"})


def from_title(title: str) -> str:
    """ASCII words of a title joined by hyphens, at most `MAX_LENGTH` long; empty when it has no such letter."""
    plain = unicodedata.normalize("NFKD", title.casefold().translate(_LETTERS)).encode("ascii", "ignore").decode()
    slug = "-".join(re.findall(r"[a-z0-9]+", plain.replace("'", "")))
    if len(slug) <= MAX_LENGTH:
        return slug
    whole_words = slug[: MAX_LENGTH + 1].rpartition("-")[0]
    return whole_words or slug[:MAX_LENGTH]


def from_beginning(markdown: str) -> str:
    """The first words without most of Markdown's signs, at most `MAX_BEGINNING` letters; empty when there are none."""
    words = " ".join(_SIGNS.sub(lambda sign: sign[1] or " ", markdown).split())
    if len(words) <= MAX_BEGINNING:
        return words
    whole_words = words[:MAX_BEGINNING].rpartition(" ")[0]
    return f"{whole_words or words[: MAX_BEGINNING - 1]}…"
