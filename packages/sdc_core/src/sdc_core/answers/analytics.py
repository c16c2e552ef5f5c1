"""Visitors and what they read, of a period of UTC days."""

from typing import Literal, TypeAlias

import msgspec

FilterName: TypeAlias = Literal[
    "path",
    "entry",
    "exit",
    "referrer",
    "source",
    "medium",
    "campaign",
    "term",
    "content",
    "country",
    "browser",
    "os",
    "device",
    "status",
    "bot",
    "bot_kind",
    "kind",
    "type",
]
Step: TypeAlias = Literal["day", "hour", "month"]
Dimension: TypeAlias = Literal[
    "page",
    "path",
    "entry",
    "exit",
    "referrer",
    "source",
    "medium",
    "campaign",
    "term",
    "content",
    "country",
    "browser",
    "os",
    "device",
    "status",
    "type",
    "kind",
    "heavy",
    "missing",
    "missing_bots",
    "feed",
    "feed_reader",
    "download",
    "bot",
    "bot_kind",
    "crawled",
    "reading",
    "outbound",
]
NOT = "not-"
"""Before a filter's name: everything but that."""


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Totals of a period; `duration_us` is that of all visits together."""

    visitors: int
    visits: int
    page_views: int
    bounces: int
    duration_us: int
    bytes: int
    requests: int


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One day, hour or month; `at` names it, as `2026-11-24`, `2026-11-24T13:00Z` or `2026-11`."""

    at: str
    visitors: int = 0
    visits: int = 0
    page_views: int = 0
    requests: int = 0
    bytes: int = 0


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """The first and the last day of which there are lines; empty where there are none."""

    first: str = ""
    last: str = ""


class Timeseries(msgspec.Struct, frozen=True, kw_only=True):
    """A period without gaps."""

    by: Step
    points: list[Point]


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a dimension; an empty `key` is not known. `visits` are those that began with it, `bounces` those of
    them that ended there. `clients` are who asked, page views or not: a feed reader is a client and no visitor.

    Of pages that tell how they are read: how often one was (`readings`), and of all those times together microseconds
    in sight and hundredths of the way down.
    """

    key: str
    visitors: int
    page_views: int
    requests: int
    bytes: int
    clients: int = 0
    visits: int = 0
    bounces: int = 0
    readings: int = 0
    read_us: int = 0
    depth: int = 0


class Breakdown(msgspec.Struct, frozen=True, kw_only=True):
    """The largest values of a dimension; `total` is how many there are. `before` is what the same keys came to in the
    period compared with, None where there is none; a key that is not there came to nothing.
    """

    by: Dimension
    rows: list[Slice]
    total: int = 0
    before: list[Slice] | None = None


class PathDays(msgspec.Struct, frozen=True, kw_only=True):
    """How often one page was read: altogether, and on each day of the period in turn where that was asked for."""

    path: str
    page_views: int
    days: list[int]


class PagesRead(msgspec.Struct, frozen=True, kw_only=True):
    """The pages that were read, the one read most first."""

    rows: list[PathDays]


class PathLatency(msgspec.Struct, frozen=True, kw_only=True):
    """How long the answers of one page took."""

    path: str
    requests: int
    p50_us: int
    p95_us: int
    p99_us: int


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """The pages asked for most."""

    rows: list[PathLatency]


class LivePage(msgspec.Struct, frozen=True, kw_only=True):
    """A page that is being read now."""

    path: str
    visitors: int


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """The last five minutes; `minutes` are the page views of each of the last thirty, the present one last."""

    visitors: int
    page_views: int
    minutes: list[int] = []
    pages: list[LivePage] = []


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """So many `lines` of the access log are none and counted nowhere. The newest begins `at` bytes into that day's
    stream, and `reason` says why it is none, without what it says.
    """

    lines: int
    slot: str
    day: str
    at: int
    reason: str


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Several answers to one question. What was not asked for is absent; `before` is the period compared with. `unread`
    is there when lines of the period are none, whatever the filters.
    """

    summary: Summary
    timeseries: Timeseries
    summary_before: Summary | None = None
    timeseries_before: Timeseries | None = None
    breakdowns: list[Breakdown] = []
    latency: Latency | None = None
    latency_before: Latency | None = None
    live: Live | None = None
    pages: PagesRead | None = None
    unread: Unread | None = None
