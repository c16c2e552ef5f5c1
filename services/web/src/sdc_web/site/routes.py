"""Every public route."""

from litestar.handlers import BaseRouteHandler

from sdc_web.redirects import addresses
from sdc_web.site import (
    feeds,
    files,
    health,
    icon,
    look,
    machines,
    metrics,
    pages,
    pictures,
    previews,
    reading,
    search,
    share,
    sitemap,
    webmention,
)

route_handlers: list[BaseRouteHandler] = [
    *pages.route_handlers,
    *search.route_handlers,
    *feeds.route_handlers,
    *sitemap.route_handlers,
    *machines.route_handlers,
    *files.route_handlers,
    *icon.route_handlers,
    *look.route_handlers,
    *pictures.route_handlers,
    *share.route_handlers,
    *reading.route_handlers,
    *previews.route_handlers,
    *health.route_handlers,
    *metrics.route_handlers,
    *webmention.route_handlers,
]

_LISTS = frozenset({"feed", "posts", "projects", "series", "tags"})
_DRAWN = {"share": 2, "icon": 1}
"""Folders of pictures that are drawn, and how many names follow them."""
_NOT_PAGES = frozenset(
    {
        "api",
        "author",
        "health",
        "hooks",
        "media",
        "metrics",
        "micropub",
        "search",
        "static",
        "favicon.ico",
        "webmention",
    }
)


def asks_more(path: str, query: bytes) -> bool:
    """Whether the query of a path that is cacheable names something else than what is there."""
    return path == "/" and addresses.numbered(path, query.decode("latin-1")) != ""


def cacheable(path: str) -> bool:
    """Whether the answer to that path is the same for everyone, whatever the query says, so that the page cache may
    hold it.
    """
    first, *rest = path[1:].split("/")
    if not rest:
        return first not in _NOT_PAGES and not first.startswith("apple-touch-icon")
    if not all(rest):
        return False
    if first in _DRAWN:
        return len(rest) == _DRAWN[first]
    if first in ("series", "tags") and len(rest) == 2:
        return rest[1] in (feeds.ATOM, feeds.RSS, feeds.JSON) or rest[1].isdecimal()
    return len(rest) == 1 and first in _LISTS
