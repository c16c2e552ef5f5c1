"""Visitors and what they read, of a period of UTC days."""

from typing import Literal, TypeAlias

import msgspec

FilterName: TypeAlias = Literal["path", "referrer", "country", "browser", "os", "device", "status"]
Step: TypeAlias = Literal["day", "hour"]
Dimension: TypeAlias = Literal[
    "path", "referrer", "country", "browser", "os", "device", "status", "bot", "entry", "exit"
]


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
    """One day or hour; `at` names it, as `2026-11-24` or `2026-11-24T13:00Z`."""

    at: str
    visitors: int = 0
    visits: int = 0
    page_views: int = 0
    requests: int = 0
    bytes: int = 0


class Timeseries(msgspec.Struct, frozen=True, kw_only=True):
    """A period without gaps."""

    by: Step
    points: list[Point]


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a dimension; an empty `key` is not known."""

    key: str
    visitors: int
    page_views: int
    requests: int
    bytes: int


class Breakdown(msgspec.Struct, frozen=True, kw_only=True):
    """The largest values of a dimension."""

    by: Dimension
    rows: list[Slice]


class PathDays(msgspec.Struct, frozen=True, kw_only=True):
    """How often one page was read: altogether, and on each day of the period in turn."""

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


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """The last five minutes."""

    visitors: int
    page_views: int
