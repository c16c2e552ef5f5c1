"""Rendering the dashboard's pages, and what stands in the place of a report that the worker does not give."""

import logging
from collections.abc import Awaitable
from types import MappingProxyType
from typing import TypeVar

import msgspec
from litestar import MediaType, Request, Response
from litestar.datastructures import State
from sdc_core.errors import Unavailable

from sdc_web import posts, templating
from sdc_web.db import Databases
from sdc_web.sessions.signed_in import SignedIn

AnyRequest = Request[object, object, State]
T = TypeVar("T")
log = logging.getLogger(__name__)


class Flash(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence at the top of a page."""

    kind: str
    text: str


_SAID = MappingProxyType({"started": Flash(kind="ok", text="Started. Its outcome will stand below.")})


async def page(
    request: AnyRequest, databases: Databases, author: SignedIn, template: str, **context: object
) -> Response[str]:
    """A whole page in the author's layout."""
    said = _SAID.get(request.query_params.get("said", ""))
    async with databases.site.read() as connection:
        front = await posts.front(connection, "")
    text = templating.render(template, site=front, author=author, flash=[said] if said else [], **context)
    return Response(text, media_type=MediaType.HTML)


def fragment(template: str, **context: object) -> Response[str]:
    """A part of a page, for htmx."""
    return Response(templating.render(template, **context), media_type=MediaType.HTML)


async def unless_away(report: Awaitable[T]) -> T | None:
    """The report, or None when the worker does not give it: the page says so in words, and the rest of it stands."""
    try:
        return await report
    except Unavailable as error:
        log.warning("a report is missing", extra={"reason": str(error)})
        return None


def is_htmx(request: AnyRequest) -> bool:
    """Whether the answer goes into a part of a page."""
    return request.headers.get("HX-Request") == "true"


def redirect(path: str, said: str = "") -> Response[bytes]:
    """Off to another page with GET; `said` names one of the sentences above."""
    return Response(b"", status_code=303, headers={"Location": f"{path}?said={said}" if said else path})
