"""Who is here now, sent as it changes (Server-Sent Events): a short stream that a browser opens again and again."""

from collections.abc import AsyncGenerator

from litestar import get
from litestar.di import NamedDependency
from litestar.response import Stream
from sdc_core.errors import Throttled, Unavailable
from sdc_core.service_client import ServiceClient

from sdc_web import event_loop, templating
from sdc_web.authors.rights import Actor
from sdc_web.reports import analytics
from sdc_web.sessions.signed_in import SignedIn

EVERY_S = 4.0
EVENTS = 5
"""Of one stream: a browser that went away without a word is asked for no longer than that."""
MOST_STREAMS = 16
"""Of one process: each is a question to the worker every few seconds."""
RETRY_MS = 2_000
AWAY_MS = 15_000
HEADERS = {"cache-control": "private, no-store", "x-accel-buffering": "no"}


class _Open:
    count = 0


@get("/author/statistics/live", right="statistics.read")
async def stream(worker: NamedDependency[ServiceClient], author: NamedDependency[SignedIn]) -> Stream:
    """The events. Raises Throttled where too many listen; without the worker there are none."""
    if _Open.count >= MOST_STREAMS:
        raise Throttled("too many pages of statistics are open: close one", retry_after_s=60)
    return Stream(_events(worker, author.actor), media_type="text/event-stream", headers=HEADERS)


async def _events(worker: ServiceClient, by: Actor) -> AsyncGenerator[str]:
    _Open.count += 1
    try:
        yield f"retry: {RETRY_MS}\n\n"
        for number in range(EVENTS):
            if number and not await event_loop.goes_on_for(EVERY_S):
                return
            try:
                now = await analytics.live(worker, by)
            except Unavailable:
                yield f"retry: {AWAY_MS}\n: the worker does not answer\n\n"
                return
            yield event(templating.render("author/statistics/_live.html", live=now))
    finally:
        _Open.count -= 1


def event(text: str) -> str:
    """A text as one event, whatever ends its lines."""
    return "".join(f"data: {line}\n" for line in text.splitlines()) + "\n"


route_handlers = [stream]
