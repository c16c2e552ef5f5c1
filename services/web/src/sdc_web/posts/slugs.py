"""Names in addresses: made of a title, checked, and kept apart from the site's own pages."""

import re
import unicodedata

from sdc_core import clock
from sdc_core.errors import Invalid

from sdc_web.posts.records import Kind

MAX_LENGTH = 80
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
# Letters that Unicode does not decompose into an ASCII letter and a mark.
_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ł": "l"})

RESERVED_PAGES = frozenset(
    {
        "admin", "api", "author", "favicon", "feed", "health", "hooks", "index", "login", "media", "metrics", "posts",
        "preview", "projects", "robots", "rss", "search", "series", "share", "sitemap", "static", "tags",
    }
)  # fmt: skip
"""First segments that belong to the site itself, so no page may have them."""


def from_title(title: str) -> str:
    """ASCII words of a title joined by hyphens, at most `MAX_LENGTH` long; empty when it has no such letter."""
    plain = unicodedata.normalize("NFKD", title.casefold().translate(_LETTERS)).encode("ascii", "ignore").decode()
    slug = "-".join(re.findall(r"[a-z0-9]+", plain.replace("'", "")))
    if len(slug) <= MAX_LENGTH:
        return slug
    whole_words = slug[: MAX_LENGTH + 1].rpartition("-")[0]
    return whole_words or slug[:MAX_LENGTH]


def placeholder() -> str:
    """A slug for a post that has no title yet; no one ever reads it."""
    return f"untitled-{clock.new_id().lower()}"


def check(slug: str, kind: Kind) -> str:
    """The slug itself; Invalid when it is none, or taken by one of the site's own pages."""
    if len(slug) > MAX_LENGTH or not _SLUG.fullmatch(slug):
        message = (
            f"An address may have small letters a to z, digits, and single hyphens between them; at most {MAX_LENGTH}."
        )
        raise Invalid(message, field="slug")
    if kind == "page" and slug in RESERVED_PAGES:
        message = f"The address /{slug} belongs to the site itself: choose another one."
        raise Invalid(message, field="slug")
    return slug
