"""Every public route."""

from litestar.handlers import BaseRouteHandler

from sdc_web.site import (
    feeds,
    files,
    health,
    look,
    machines,
    metrics,
    pages,
    pictures,
    previews,
    search,
    share,
    sitemap,
)

route_handlers: list[BaseRouteHandler] = [
    *pages.route_handlers,
    *search.route_handlers,
    *feeds.route_handlers,
    *sitemap.route_handlers,
    *machines.route_handlers,
    *files.route_handlers,
    *look.route_handlers,
    *pictures.route_handlers,
    *share.route_handlers,
    *previews.route_handlers,
    *health.route_handlers,
    *metrics.route_handlers,
]

_LISTS = frozenset({"posts", "projects", "series", "tags"})
_NOT_PAGES = frozenset({"api", "author", "health", "hooks", "media", "metrics", "search", "static", "favicon.ico"})


def cacheable(path: str) -> bool:
    """Whether the answer to that path is the same for everyone, so that the page cache may hold it."""
    first, *rest = path[1:].split("/")
    if not rest:
        return first not in _NOT_PAGES
    if first == "share":
        return len(rest) == 2
    if first in ("series", "tags") and len(rest) == 2:
        return rest[1] in (feeds.ATOM, feeds.RSS, feeds.JSON) or rest[1].isdecimal()
    return len(rest) == 1 and rest[0] != "" and first in _LISTS
