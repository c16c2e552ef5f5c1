"""The outermost layer of the application: a line in the access log for every request, and an id for each that is made.

    app = RequestLogMiddleware(app, settings)                          # around everything, the page cache included
    async with open_request_log(settings, worker) as request_log:      # in the lifespan
        app.attach(request_log)
        async with supervise.background({**request_log.loops, ...}):
            ...

What lies below sees the client's true address in `scope["client"]`, which is written nowhere, and its country in
`scope["sdc.country"]`, and tells by `scope["sdc.note_route"]` which route it took, by `scope["sdc.note_type"]` of which
type a page is that is not sent again, and by `scope["sdc.note_reading"]` which page the request tells of, and what.
"""

import asyncio
import itertools
from collections.abc import Callable, Mapping
from typing import TypeAlias, cast
from urllib.parse import urlsplit

from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send
from sdc_core import access_log, clock, tracing
from sdc_core.access_log import MAX_TEXT
from sdc_core.logging import request_id as in_context
from sdc_core.metrics import Timings
from sdc_core.settings import Settings

from sdc_web.headers import by_name
from sdc_web.page_cache import Reply
from sdc_web.request_log.answer import LEFT, Answer
from sdc_web.request_log.asked import PREFETCH, campaign, foreign_host, logged_path, prefetched, request_id
from sdc_web.request_log.callers import Caller, Callers
from sdc_web.request_log.client import Proxies
from sdc_web.request_log.countries import open_countries
from sdc_web.request_log.service import RequestLog

KEPT = "(kept)"
"""In the place of a route, of pages that the page cache gave."""
Ready: TypeAlias = Callable[[HTTPScope, Mapping[bytes, bytes]], Reply | None]


class RequestLogMiddleware:
    """Times, counts and names every request; writes its line once a log is attached.

    `ready` is asked first for a reply that is kept (`PageCache.ready`), which is then given here: layers of their own
    for what is finished would cost more than the page. Such a reply is the same for everybody, and caches beyond this
    site may keep it, so it tells no request id.
    """

    __slots__ = ("_app", "_callers", "_log", "_numbers", "_process", "_ready", "_site_host", "timings")

    def __init__(self, app: ASGIApp, settings: Settings, ready: Ready | None = None) -> None:
        self._app = app
        self._ready = ready
        self._log: RequestLog | None = None
        # A request's id is that of its process and a number: a new identifier for each would cost as much as the page.
        self._process = clock.new_id()
        self._numbers = itertools.count()
        self._callers = Callers(
            Proxies(settings.TRUSTED_PROXIES),
            open_countries(settings.GEOIP_DB),
            keeps_net=settings.LOG_ADDRESSES == "truncated",
        )
        self.timings = Timings()
        self._site_host = urlsplit(settings.site_url).hostname or ""

    def attach(self, request_log: RequestLog | None) -> None:
        """Write to this log from now on; to none when None."""
        self._log = request_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_us = clock.monotonic_us()
        sent = by_name(scope["headers"])
        peer = scope["client"][0] if scope["client"] else ""
        caller = self._callers.find(peer, sent.get(b"x-forwarded-for", b""), sent.get(b"user-agent", b""))
        # A kept page is named by no id: nothing else tells of it, and one for each would cost as much as finding it.
        rid = request_id(sent[b"x-request-id"]) if caller.trusted and b"x-request-id" in sent else ""
        line_path, line_query = scope["path"][:MAX_TEXT], ""
        answer, told = None, LEFT
        self.timings.under_way += 1
        try:
            if self._ready is not None and (reply := self._ready(scope, sent)) is not None:
                await send(reply.start)
                await send(reply.end)
                told = reply.told
                if scope["query_string"]:
                    line_query = campaign(scope["query_string"])
            else:
                rid = rid or self._process + str(next(self._numbers))
                line_path, line_query = logged_path(scope["path"]), campaign(scope["query_string"])
                answer = Answer(rid, receive, send)
                await self._pass_on(scope, answer, caller, sent.get(tracing.HEADER, b"") if caller.trusted else b"")
        finally:
            if answer is not None and answer.reading is not None:
                line_path, line_query = logged_path(answer.reading[0]), answer.reading[1]
            status, size_bytes, media_type = told if answer is None else answer.told()
            duration_us = clock.monotonic_us() - began_us
            self.timings.under_way -= 1
            self.timings.add(KEPT if answer is None else answer.route, status, duration_us)
            if self._log is not None:
                ts = clock.now_us()
                day = self._callers.day_of(ts)
                visitor = caller.visitor(day) or await caller.visit(day, self._log.visitors)
                line = access_log.Line(
                    ts=ts,
                    visitor=visitor,
                    rid=rid,
                    method=PREFETCH if b"sec-purpose" in sent and prefetched(sent) else scope["method"][:16],
                    path=line_path,
                    query=line_query,
                    status=status,
                    bytes=size_bytes,
                    us=duration_us,
                    type=media_type[:MAX_TEXT],
                    ref=foreign_host(sent[b"referer"], self._site_host) if b"referer" in sent else "",
                    ua=caller.user_agent,
                    country=caller.country,
                    net=caller.net,
                )
                self._log.writer.append(line)

    async def _pass_on(self, scope: HTTPScope, answer: Answer, caller: Caller, above: bytes) -> None:
        """Have it answered, as part of the trace that a trusted proxy names by `above`, a `traceparent`."""
        scope["client"] = (caller.address, 0)
        notes = cast("dict[str, object]", scope)
        notes["sdc.country"], notes["sdc.note_route"] = caller.country, answer.note_route
        notes["sdc.note_reading"], notes["sdc.note_type"] = answer.note_reading, answer.note_type
        reset = in_context.set(answer.rid)
        method = scope["method"][:16]
        try:
            with tracing.span(method, "SERVER", caller=above, sdc__request_id=answer.rid) as span:
                try:
                    await self._app(scope, answer.receive, answer.send)
                except (asyncio.CancelledError, OSError):
                    answer.gone = True
                    raise
                finally:
                    span.rename(f"{method} {answer.route}")
                    span.note(http__request__method=method, http__route=answer.route)
                    span.answered(answer.told()[0])
        finally:
            in_context.reset(reset)
