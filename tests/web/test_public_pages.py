"""The list of public pages is whole: what is looked at is all there is."""

import re

from public_pages import KINDS, NO_PAGE
from sdc_web.site.routes import route_handlers


def test_every_public_route_is_a_kind_of_page_or_known_to_be_none() -> None:
    known = {kind.route for kind in KINDS} | set(NO_PAGE)
    readable = {
        re.sub(r"\{[^}]*\}", "{}", path)
        for handler in route_handlers
        if "GET" in getattr(handler, "http_methods", ())
        for path in handler.paths
    }
    assert len(readable) > 30
    assert {_of_many(path) for path in readable} == known


def _of_many(path: str) -> str:
    """Pictures and maps of one sort, of which there are many."""
    return re.sub(r"^(/apple-touch-icon|/sitemap)[^{}]*(\.\w+)$", r"\1{}\2", path)
