"""What nothing else answers may have moved, or be spelled otherwise: the last question before a page is not found."""

import unicodedata
from collections.abc import Callable
from typing import cast
from urllib.parse import quote

from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send
from sdc_core.sqlite import Connection, Database

from sdc_web import posts, redirects
from sdc_web.redirects import addresses
from sdc_web.redirects.uses import Uses


class Moved:
    """ASGI layer around the router: a 404 becomes a 301 where a redirect has that path, or where something is there by
    the same name in the site's spelling, such as `/tags/python` for `/tags/Python`. The query is handed on. The home
    page that is asked for a text by WordPress's number is one too, where a redirect has that.

    `parts` gives the database and the counter, once they are open.
    """

    __slots__ = ("_app", "_parts")

    def __init__(self, app: ASGIApp, parts: Callable[[], tuple[Database, Uses]]) -> None:
        self._app = app
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or _is_private(scope["path"]):
            await self._app(scope, receive, send)
            return
        path, query = scope["path"], cast("bytes", scope.get("sdc.query", scope["query_string"])).decode("latin-1")
        number = addresses.numbered(path, query)
        target = await self._find(number) if number else None
        if target is not None:
            await send(_leading(addresses.with_query(target, addresses.without_number(query))))
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return

        async def send_on(message: Message) -> None:
            nonlocal target
            if message["type"] == "http.response.start" and message["status"] == 404:
                target = await self._find(path)
                if target is not None:
                    message = _leading(addresses.with_query(target, query))
            elif target is not None and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self._app(scope, receive, send_on)

    async def _find(self, path: str) -> str | None:
        database, uses = self._parts()
        async with database.read() as connection:
            found = await redirects.follow(connection, path)
            if found is None:
                return await _spelled(connection, path)
        target, rule = found
        uses.count(rule)
        return target


def _leading(location: str) -> HTTPResponseStartEvent:
    headers = [(b"location", location.encode()), (b"cache-control", b"no-cache"), (b"content-length", b"0")]
    return {"type": "http.response.start", "status": 301, "headers": headers}


async def _spelled(connection: Connection, path: str) -> str | None:
    """Where the same address leads in small and composed letters, which all names of this site are in."""
    usual = unicodedata.normalize("NFC", path).lower()
    first = usual.split("/", 2)[1]
    if usual == path or _is_private(usual) or first in {"media", "static", "share", "icon"}:
        return None
    here = quote(usual)
    return here if await posts.navigation.standing(connection, here) in ("there", "moved") else None


def _is_private(path: str) -> bool:
    return path.split("/", 2)[1] in addresses.PRIVATE if path.startswith("/") else True
