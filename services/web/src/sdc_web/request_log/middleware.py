"""The outermost layer of the application: an id and a line in the access log for every request.

    app = RequestLogMiddleware(app, settings)                          # around everything, the page cache included
    async with open_request_log(settings, worker) as request_log:      # in the lifespan
        app.attach(request_log)
        async with supervise.background({**request_log.loops, ...}):
            ...

What lies below sees the client's true address in `scope["client"]`, which is written nowhere, and its country in
`scope["sdc.country"]`.
"""

import asyncio
import itertools
from typing import cast
from urllib.parse import urlsplit

from litestar.types import ASGIApp, Receive, Scope, Send
from sdc_core import access_log, clock
from sdc_core.access_log import MAX_TEXT
from sdc_core.logging import request_id
from sdc_core.settings import Settings

from sdc_web.request_log.answer import Answer
from sdc_web.request_log.asked import Asked, campaign, logged_path
from sdc_web.request_log.callers import Callers
from sdc_web.request_log.client import Proxies
from sdc_web.request_log.countries import open_countries
from sdc_web.request_log.service import RequestLog


class RequestLogMiddleware:
    """Times, counts and names every request; writes its line once a log is attached."""

    __slots__ = ("_app", "_callers", "_log", "_numbers", "_process", "_site_host")

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._log: RequestLog | None = None
        # A request's id is that of its process and a number: a new identifier for each would cost as much as the page.
        self._process = clock.new_id()
        self._numbers = itertools.count()
        self._callers = Callers(Proxies(settings.TRUSTED_PROXIES), open_countries(settings.GEOIP_DB))
        self._site_host = urlsplit(settings.site_url).hostname or ""

    def attach(self, request_log: RequestLog | None) -> None:
        """Write to this log from now on; to none when None."""
        self._log = request_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = Asked(scope["headers"])
        peer = scope["client"][0] if scope["client"] else ""
        caller = self._callers.find(peer, asked.forwarded_for, asked.user_agent)
        rid = asked.request_id if caller.trusted else ""
        answer = Answer(rid or f"{self._process}{next(self._numbers):07X}", receive, send)
        line_path, line_query = logged_path(scope["path"]), campaign(scope["query_string"])
        scope["client"] = (caller.address, 0)
        cast("dict[str, object]", scope)["sdc.country"] = caller.country
        reset = request_id.set(answer.rid)
        try:
            await self._app(scope, answer.receive, answer.send)
        except (asyncio.CancelledError, OSError):
            answer.gone = True
            raise
        finally:
            request_id.reset(reset)
            if self._log is not None:
                ts = clock.now_us()
                day = clock.day_of(ts)
                self._callers.begin(day)
                line = access_log.Line(
                    ts=ts,
                    visitor=caller.visitor(day) or await caller.visit(day, self._log.visitors),
                    rid=answer.rid,
                    method=scope["method"][:16],
                    path=line_path,
                    query=line_query,
                    status=answer.outcome(),
                    bytes=answer.size_bytes,
                    us=answer.duration_us(),
                    type=answer.content_type[:MAX_TEXT],
                    ref=asked.foreign_host(self._site_host),
                    ua=caller.user_agent,
                    country=caller.country,
                )
                self._log.writer.append(line)
