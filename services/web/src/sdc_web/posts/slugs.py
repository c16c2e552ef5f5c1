"""Names in addresses: checked, and kept apart from the site's own pages."""

import re

from sdc_core import clock
from sdc_core.errors import Invalid

from sdc_web.posts.records import Kind
from sdc_web.texts.names import MAX_LENGTH

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")

RESERVED_PAGES = frozenset(
    {
        "admin", "api", "author", "favicon", "feed", "health", "hooks", "index", "login", "media", "metrics",
        "micropub", "posts", "preview", "projects", "robots", "rss", "search", "series", "share", "sitemap", "static",
        "tags", "webmention",
    }
)  # fmt: skip
"""First segments that belong to the site itself, so no page may have them."""


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
