"""Where a page takes webmentions (section 3.1.2): its headers say so first, then its elements, as they stand."""

import asyncio
import re

from sdc_core.outside import Followed

from sdc_web.posts.backlinks import outward_url
from sdc_web.webmentions import documents

_REL = "webmention"
_LINK = re.compile(r"<([^<>]*)>((?:\s*;\s*[^\s=;,<>\"]+(?:\s*=\s*(?:\"[^\"]*\"|[^\s;,\"]*))?)*)")
"""One of a header: the address, and its parameters (RFC 8288 section 3)."""
_PARAMETER = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))", re.IGNORECASE)


async def endpoint(page: Followed) -> str:
    """The address to tell of a link to that page; empty where it takes nothing. A relative one counts from where the
    page was found.
    """
    named = _in_header(page.attempt.links)
    if named is None:
        named = await asyncio.to_thread(_in_page, page)
    joined = None if named is None else documents.joined(page.at, named)
    return outward_url(joined) if joined else ""


def _in_header(links: str) -> str | None:
    """Only the first `rel` of a link counts."""
    for link in _LINK.finditer(links):
        rel = _PARAMETER.search(link[2])
        if rel and _REL in (rel[1] or rel[2] or "").lower().split():
            return link[1]
    return None


def _in_page(page: Followed) -> str | None:
    kind = page.attempt.content_type.partition(";")[0].strip().lower()
    if kind not in ("", "text/html", "application/xhtml+xml"):
        return None
    root = documents.parse(documents.decoded(page.attempt.body, page.attempt.content_type), page.at)
    leading = root.every() if root else ()
    return next((each.url for each in leading if each.tag in ("a", "link") and _REL in each.rel and each.url), None)
