"""Words as a name in an address: small ASCII letters, digits and hyphens."""

import re
import unicodedata

MAX_LENGTH = 80
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
