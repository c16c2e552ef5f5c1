"""Lines of an access log, and how tests hand them to the worker's store."""

import random
import zlib

from sdc_core import access_log, clock
from sdc_core.access_log import Line
from sdc_core.sqlite import Database
from sdc_worker.ingest import store

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 "
    "Mobile/15E148 Safari/604.1"
)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
GPTBOT = "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)"
FEEDLY = "Feedly/1.0 (+http://www.feedly.com/fetcher.html; 38 subscribers; like FeedFetcher-Google)"
AGENTS = {CHROME: False, IPHONE: False, FIREFOX: False, GPTBOT: True, "curl/8.5": True, FEEDLY: True}
"""Whether each is a bot."""


def day_start(day: str) -> int:
    return clock.from_datetime(clock.EPOCH.fromisoformat(f"{day}T00:00:00+00:00"))


def page_view(ts: int, visitor: str, path: str, ref: str = "") -> Line:
    """Of a person with Firefox."""
    return Line(ts=ts, visitor=visitor, path=path, status=200, us=900, type="text/html", ua=FIREFOX, ref=ref)


def is_view(line: Line) -> bool:
    own = line.path in ("/author", "/author/posts", "/preview/")
    wanted = line.method == "GET" and line.status in (200, 304) and line.type == "text/html"
    return wanted and not AGENTS[line.ua] and not own


async def fill(database: Database, days: dict[str, list[Line]], slot: str = "0") -> None:
    """Commit the lines as batches of 500, the days in turns, with something malformed in each."""
    pending = [
        (day, b"".join(map(access_log.encode, lines[at : at + 500])) + b"not a line\n")
        for day, lines in days.items()
        for at in range(0, len(lines), 500)
    ]
    random.Random(7).shuffle(pending)  # noqa: S311 - the same order each time
    async with database.transaction() as connection:
        for number, (day, body) in enumerate(pending):
            packed = zlib.compress(body, 1)
            await store.add_batch(
                connection, slot=slot, day=day, at=number, size_bytes=len(body), body=packed, whole=False
            )
