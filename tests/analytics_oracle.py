"""Every figure of the reports in plain Python, line by line, by the definitions of `docs/analytics.md` and no SQL.

What is known of User-Agents and origins is asked of the engine's own tables, which have tests of their own.
"""

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import NamedTuple

from sdc_core import clock
from sdc_core.access_log import Line
from sdc_core.answers.analytics import Dimension, PathLatency, Point, Slice, Summary
from sdc_worker.analytics.agents import Agent, classify
from sdc_worker.analytics.origins import Origin, origin
from sdc_worker.analytics.reports import DIRECT

GAP_US = 30 * 60 * clock.SECOND_US
HOUR_US = 3600 * clock.SECOND_US
PROBES = ("/wp-login.php", "/.env", "/xmlrpc.php", "/.git/config")
"""Those of the made-up traffic; it asks for `/old/index.php` too, which is none."""
_KINDS = {
    "text/html": "page",
    "text/css": "asset",
    "text/javascript": "asset",
    "font/woff2": "asset",
    "image/avif": "media",
    "application/atom+xml": "feed",
}


class Seen(NamedTuple):
    """A request with all that is said of it. `visit` is None for what is no page view."""

    day: str
    line: Line
    agent: Agent
    origin: Origin
    kind: str
    bot: str
    bot_kind: str
    visit: "Visit | None"
    entry: bool
    exit: bool

    @property
    def who(self) -> tuple[str, str]:
        """The visitor of a day."""
        return self.day, self.line.visitor


class Visit(NamedTuple):
    """Its page views in their order."""

    times: tuple[int, ...]


def seen(days: dict[str, list[Line]]) -> list[Seen]:
    """All requests of those days."""
    return [each for day, lines in days.items() for each in _of_day(day, lines)]


def _of_day(day: str, lines: list[Line]) -> Iterable[Seen]:
    by_visitor: dict[str, list[int]] = defaultdict(list)
    for place, line in enumerate(lines):
        by_visitor[line.visitor].append(place)
    visits: dict[int, tuple[Visit, bool, bool]] = {}
    behaved: dict[str, str] = {}
    for visitor, places in by_visitor.items():
        views = sorted((place for place in places if _may_be_view(lines[place])), key=lambda at: (lines[at].ts, at))
        behaved[visitor] = _behaviour([lines[place] for place in places], [lines[place].ts for place in views])
        if not behaved[visitor]:
            for group in _groups(views, lines):
                visit = Visit(tuple(lines[place].ts for place in group))
                for place in group:
                    visits[place] = (visit, place == group[0], place == group[-1])
    for place, line in enumerate(lines):
        agent = classify(line.ua)
        program = behaved[line.visitor] if not agent.bot else ""
        visit, entry, leaves = visits.get(place, (None, False, False))
        yield Seen(
            day=day,
            line=line,
            agent=agent,
            origin=origin(line.ref, line.query),
            kind=_KINDS.get(line.type, "other"),
            bot=agent.bot or program,
            bot_kind=agent.bot_kind or ("behaviour" if program else ""),
            visit=visit,
            entry=entry,
            exit=leaves,
        )


def _may_be_view(line: Line) -> bool:
    asked = line.method == "GET" and line.status in (200, 304) and line.type == "text/html"
    return asked and not classify(line.ua).bot


def _behaviour(lines: list[Line], views: list[int]) -> str:
    people = [line for line in lines if not classify(line.ua).bot]
    if any(line.status == 404 and line.path in PROBES for line in people):
        return "probing"
    if any(_KINDS.get(line.type) in ("asset", "media") for line in people):
        return ""
    hasty = any(last - first <= 10 * clock.SECOND_US for first, last in zip(views, views[9:], strict=False))
    return "hasty" if hasty else ""


def _groups(views: list[int], lines: list[Line]) -> list[list[int]]:
    groups = [views[:1]] if views else []
    for before, place in itertools.pairwise(views):
        if lines[place].ts - lines[before].ts > GAP_US:
            groups.append([])
        groups[-1].append(place)
    return groups


def summary(rows: list[Seen]) -> Summary:
    """Totals."""
    views = [row for row in rows if row.visit]
    visits = [row.visit for row in views if row.entry and row.visit]
    return Summary(
        visitors=len({row.who for row in views}),
        visits=len(visits),
        page_views=len(views),
        bounces=sum(len(visit.times) == 1 for visit in visits),
        duration_us=sum(visit.times[-1] - visit.times[0] for visit in visits),
        bytes=sum(row.line.bytes for row in rows),
        requests=len(rows),
    )


def course(rows: list[Seen], step: Callable[[Seen], str]) -> dict[str, Point]:
    """Steps that have any request."""
    by_step: dict[str, list[Seen]] = defaultdict(list)
    for row in rows:
        by_step[step(row)].append(row)
    return {
        at: Point(
            at=at,
            visitors=len({row.who for row in found if row.visit}),
            visits=len({id(row.visit) for row in found if row.visit}),
            page_views=sum(row.visit is not None for row in found),
            requests=len(found),
            bytes=sum(row.line.bytes for row in found),
        )
        for at, found in by_step.items()
    }


def day_of(row: Seen) -> str:
    """For `course`."""
    return row.day


def hour_of(row: Seen) -> str:
    """For `course`."""
    return f"{clock.to_datetime(row.line.ts):%Y-%m-%dT%H:00Z}"


KEYS: dict[Dimension, Callable[[Seen], str | None]] = {
    "page": lambda row: row.line.path if row.visit else None,
    "path": lambda row: row.line.path,
    "entry": lambda row: row.line.path if row.entry else None,
    "exit": lambda row: row.line.path if row.exit else None,
    "referrer": lambda row: row.line.ref or None,
    "source": lambda row: (row.origin.source or DIRECT) if row.entry else None,
    "medium": lambda row: row.origin.medium if row.entry else None,
    "campaign": lambda row: (row.origin.campaign or None) if row.entry else None,
    "country": lambda row: row.line.country,
    "browser": lambda row: None if row.bot else row.agent.browser,
    "os": lambda row: None if row.bot else row.agent.os,
    "device": lambda row: None if row.bot else row.agent.device,
    "status": lambda row: str(row.line.status),
    "type": lambda row: row.line.type,
    "kind": lambda row: row.kind,
    "heavy": lambda row: row.line.path,
    "missing": lambda row: row.line.path if row.line.status == 404 else None,
    "feed": lambda row: row.line.path if row.kind == "feed" else None,
    "feed_reader": lambda row: (row.bot or row.agent.browser) if row.kind == "feed" else None,
    "bot": lambda row: row.bot or None,
    "bot_kind": lambda row: row.bot_kind or None,
    "crawled": lambda row: row.line.path if row.bot_kind == "ai" else None,
}
WITH_CLIENTS = frozenset({"missing", "feed", "feed_reader", "download"})


def breakdown(rows: list[Seen], by: Dimension) -> dict[str, Slice]:
    """By the dimension's key."""
    key = KEYS[by]
    by_key: dict[str, list[Seen]] = defaultdict(list)
    for row in rows:
        if (name := key(row)) is not None:
            by_key[name].append(row)
    return {name: _slice(name, found, clients=by in WITH_CLIENTS) for name, found in by_key.items()}


def _slice(name: str, found: list[Seen], *, clients: bool) -> Slice:
    views = [row for row in found if row.visit]
    begun = [row.visit for row in views if row.entry and row.visit]
    asking: dict[tuple[str, str], int] = {}
    for row in found:
        asking[row.who] = max(asking.get(row.who, 1), row.agent.readers)
    return Slice(
        key=name,
        visitors=len({row.who for row in views}),
        page_views=len(views),
        visits=len(begun),
        bounces=sum(len(visit.times) == 1 for visit in begun),
        requests=len(found),
        bytes=sum(row.line.bytes for row in found),
        clients=sum(asking.values()) if clients else 0,
    )


def latency(rows: list[Seen], path: str) -> PathLatency:
    """Of a page."""
    taken = sorted(row.line.us for row in rows if row.line.path == path and row.line.type == "text/html")
    p50, p95, p99 = (taken[-(-len(taken) * share // 100) - 1] for share in (50, 95, 99))
    return PathLatency(path=path, requests=len(taken), p50_us=p50, p95_us=p95, p99_us=p99)
