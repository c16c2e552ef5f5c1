"""From a line of the access log to a row of the analytics: classified, and without its User-Agent."""

import zlib
from collections.abc import Iterator
from datetime import date

import msgspec
from sdc_core import access_log, clock

from sdc_worker.analytics.agents import Agent, classify
from sdc_worker.ingest import lines

_OWN = "/author"
_SHOWN = "/preview/"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One request. `seq` orders the rows of a day as they were written; `page` says that it is a page view; `visitor`
    is the hash as a signed number, which every engine reads from Parquet.
    """

    day: str
    seq: int
    ts: int
    visitor: int
    method: str
    path: str
    query: str
    status: int
    page: bool
    bytes: int
    us: int
    type: str
    ref: str
    country: str
    browser: str
    os: str
    device: str
    bot: str


COLUMNS = {
    "day": "VARCHAR",
    "seq": "BIGINT",
    "ts": "BIGINT",
    "visitor": "BIGINT",
    "method": "VARCHAR",
    "path": "VARCHAR",
    "query": "VARCHAR",
    "status": "SMALLINT",
    "page": "BOOLEAN",
    "bytes": "BIGINT",
    "us": "BIGINT",
    "type": "VARCHAR",
    "ref": "VARCHAR",
    "country": "VARCHAR",
    "browser": "VARCHAR",
    "os": "VARCHAR",
    "device": "VARCHAR",
    "bot": "VARCHAR",
}
"""Columns of a row and their types in DuckDB."""

LINES_OF_A_BATCH = 1 << 20


def of_batch(day: str, batch_id: int, body: bytes) -> Iterator[Row]:
    """The rows of a stored batch, malformed lines left out."""
    start_us = (date.fromisoformat(day) - clock.EPOCH.date()).days * clock.DAY_US
    for number, raw in enumerate(zlib.decompress(body).removesuffix(b"\n").split(b"\n")):
        line = lines.read(raw)
        if line is not None:
            yield _row(line, day=day, start_us=start_us, seq=batch_id * LINES_OF_A_BATCH + number)


def encode(rows: Iterator[Row]) -> bytes:
    """The rows as lines of JSON, which DuckDB reads at several times the rate of bound values."""
    encoder = msgspec.json.Encoder()
    buffer = bytearray()
    for row in rows:
        buffer += encoder.encode(row)
        buffer += b"\n"
    return bytes(buffer)


def is_page_view(line: access_log.Line, agent: Agent) -> bool:
    """A page a person asked for: GET, 200 or 304, text/html, not a bot, not the author's own part, and no draft that
    was shown to somebody.
    """
    own = line.path == _OWN or line.path.startswith((_OWN + "/", _SHOWN))
    return line.method == "GET" and line.status in (200, 304) and line.type == "text/html" and not agent.bot and not own


def _row(line: access_log.Line, *, day: str, start_us: int, seq: int) -> Row:
    agent = classify(line.ua)
    return Row(
        day=day,
        seq=seq,
        # The file's day is the visitor hash's day. An answer that ended a moment past midnight still belongs to it.
        ts=min(max(line.ts, start_us), start_us + clock.DAY_US - 1),
        visitor=int.from_bytes(bytes.fromhex(line.visitor), "big", signed=True),
        method=line.method,
        path=line.path,
        query=line.query,
        status=min(max(line.status, 0), 999),
        page=is_page_view(line, agent),
        bytes=max(line.bytes, 0),
        us=max(line.us, 0),
        type=line.type,
        ref=line.ref,
        country=line.country,
        browser=agent.browser,
        os=agent.os,
        device=agent.device,
        bot=agent.bot,
    )
