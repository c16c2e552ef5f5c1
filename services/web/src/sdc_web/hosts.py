"""The names under which this site is asked: whoever asks under another one is told so, and gets nothing of it.

A page of another site whose own name suddenly leads to this machine (DNS rebinding) is of that other name still, and is
refused; so the loopback names, and addresses in numbers that no name server can hand out as a name, need no setting.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TypeAlias
from urllib.parse import quote, urlsplit

import msgspec
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send
from sdc_core.settings import Settings

from sdc_web.page_cache import Reply
from sdc_web.problems import Problem, code_of

ANY_NAME = frozenset({"/health", "/health/live", "/hooks"})
"""What a proxy, an orchestrator or the worker asks by the name of a service or a container: public, or signed."""
MAX_KNOWN = 256
"""Spellings of names that are remembered: what is remembered of strangers has a bound."""
Ready: TypeAlias = Callable[[HTTPScope, Mapping[bytes, bytes]], Reply | None]
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
_HOST = re.compile(rb"(?P<name>\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)(?::[0-9]*)?")
"""RFC 9110 section 7.2: a host and perhaps a port, never empty."""
_OF_THE_SITE = frozenset({b"content-security-policy", b"strict-transport-security"})
"""Headers that tell of the site, or bind a name that may be another's."""
_POLICY = (
    b"content-security-policy",
    b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
)
_NO_NAME = Problem(
    title="No site is named",
    status=400,
    code=code_of(400),
    detail="The request does not say which site it is for: send one Host header with a name, as example.org.",
)
_OTHER_NAME = Problem(
    title="No site has this name here",
    status=421,
    code=code_of(421),
    detail="This server has a site, but not under the name that was asked for. If it is yours: SDC_SITE_URL says its "
    "address, and SDC_OTHER_HOSTS further names of it.",
)


class Hosts:
    """ASGI layer before the page cache: 400 for a request that names no host, 421 for one that names another, and the
    site's own address for whoever asks with `www.` too much or too little. Ports do not count: proxies change them.
    """

    __slots__ = ("_any_address", "_app", "_headers", "_known", "_names", "_ready", "_site_url", "_twin")

    def __init__(self, app: ASGIApp, ready: Ready, settings: Settings, headers: list[tuple[bytes, bytes]]) -> None:
        self._app = app
        self._ready = ready
        self._headers = [each for each in headers if each[0] not in _OF_THE_SITE] + [_POLICY]
        self._site_url = settings.site_url
        site = _plain(urlsplit(settings.site_url).hostname or "")
        self._names = {
            *("localhost", site, _plain(settings.WEB_HOST)),
            # The worker asks under the one, and a CDN that fetches pictures here may do so under the other.
            *(_plain(urlsplit(url).hostname or "") for url in (settings.web_url, settings.MEDIA_URL)),
            *map(_plain, settings.OTHER_HOSTS),
        } - {""}
        address = _address(site)
        # A site that has no name yet is read by the address of its machine, whichever that is.
        self._any_address = address is not None or site == "localhost"
        named = address is None and "." in site
        self._twin = (site.removeprefix("www.") if site.startswith("www.") else f"www.{site}") if named else ""
        self._known = {urlsplit(settings.site_url).netloc.encode()}

    def ready(self, scope: HTTPScope, sent: Mapping[bytes, bytes]) -> Reply | None:
        """What the page cache has ready, for a name that is known; None where the layers must say."""
        return self._ready(scope, sent) if sent.get(b"host") in self._known else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = [value for name, value in scope["headers"] if name == b"host"]
        if len(given) == 1 and given[0] in self._known:
            await self._app(scope, receive, send)
            return
        match = _HOST.fullmatch(given[0]) if len(given) == 1 else None
        name = _plain(match["name"].decode()) if match else ""
        if not name and (any(given) or scope["http_version"] == "1.1" or scope["path"] not in ANY_NAME):
            # HTTP/1.0 needs no Host, and there are health checks that speak it still.
            await self._tell(_NO_NAME, scope, send)
        elif self._is_ours(name):
            if len(self._known) < MAX_KNOWN:
                self._known.add(given[0])
            await self._app(scope, receive, send)
        elif scope["path"] in ANY_NAME:
            await self._app(scope, receive, send)
        elif name == self._twin and scope["method"] in ("GET", "HEAD") and scope["path"].startswith("/"):
            # Whatever else there may be would go on with the name.
            await self._lead(scope, send)
        else:
            await self._tell(_OTHER_NAME, scope, send)

    def _is_ours(self, name: str) -> bool:
        if name in self._names:
            return True
        address = _address(name)
        return address is not None and (self._any_address or not address.is_global)

    async def _lead(self, scope: HTTPScope, send: Send) -> None:
        """To the same place under the site's name. Asked about each time: the site may take the other name one day."""
        query = scope["query_string"]
        path = quote(scope["path"].encode(errors="replace"), safe="/-._~!$&'()*+,;=:@")
        target = quote(query, safe="!#$%&'()*+,/:;=?@[]~").encode()
        location = self._site_url.encode() + path.encode() + (b"?" + target if query else b"")
        told = [(b"location", location), (b"cache-control", b"no-cache")]
        await self._answer(301, told, b"", scope, send)

    async def _tell(self, problem: Problem, scope: HTTPScope, send: Send) -> None:
        html = any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])
        kind = b"text/html; charset=utf-8" if html else b"application/problem+json"
        body = _page(problem) if html else msgspec.json.encode(problem)
        told = [(b"content-type", kind), (b"cache-control", b"no-store")]
        await self._answer(problem.status, told, body, scope, send)

    async def _answer(
        self, status: int, told: list[tuple[bytes, bytes]], body: bytes, scope: HTTPScope, send: Send
    ) -> None:
        headers = [*told, (b"content-length", b"%d" % len(body)), *self._headers]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        end = b"" if scope["method"] == "HEAD" else body
        await send({"type": "http.response.body", "body": end, "more_body": False})


def _plain(name: str) -> str:
    """A host as it is compared: in small letters, in ASCII, without brackets and without the dot of the root."""
    with suppress(UnicodeError):
        name = name.encode("idna").decode()
    return name.lower().strip("[]").removesuffix(".")


def _address(name: str) -> Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _page(problem: Problem) -> bytes:
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{problem.title}</title><h1>{problem.title}</h1><p>{problem.detail}</p></html>"
    ).encode()
