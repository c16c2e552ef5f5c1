"""Every figure of the reports in plain Python, line by line, by the definitions of `docs/analytics.md` and no SQL.

What is known of User-Agents and origins is asked of the engine's own tables, which have tests of their own.
"""

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import NamedTuple
from urllib.parse import parse_qsl

from sdc_core import clock
from sdc_core.access_log import Line
from sdc_core.answers.analytics import (
    Dimension,
    Live,
    LivePage,
    PathDays,
    PathLatency,
    Point,
    Slice,
    Summary,
)
from sdc_worker.analytics.agents import Agent, classify
from sdc_worker.analytics.dimensions import DIRECT
from sdc_worker.analytics.origins import Origin, origin

GAP_US = 30 * 60 * clock.SECOND_US
MINUTE_US = 60 * clock.SECOND_US
HOUR_US = 60 * MINUTE_US
PROBES = ("/wp-login.php", "/.env", "/xmlrpc.php", "/.git/config")
"""Those of the made-up traffic; it asks for `/old/index.php` too, which is none."""
_KINDS = {
    "text/html": "page",
    "text/css": "asset",
    "text/javascript": "asset",
    "font/woff2": "asset",
    "image/avif": "media",
    "application/atom+xml": "feed",
    "application/pdf": "download",
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
            kind=_kind(line),
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
    if any(_kind(line) in ("asset", "media", "reading") for line in people):
        return ""
    hasty = any(last - first <= 10 * clock.SECOND_US for first, last in zip(views, views[9:], strict=False))
    return "hasty" if hasty else ""


def _kind(line: Line) -> str:
    return "reading" if line.query.startswith("ms=") else _KINDS.get(line.type, "other")


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
    visits = {id(row.visit): row.visit for row in views if row.visit}.values()
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


def month_of(row: Seen) -> str:
    """For `course`, but that visitors of a month are the sum of its days'."""
    return row.day[:7]


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
    "term": lambda row: (_campaign(row, "utm_term") or None) if row.entry else None,
    "content": lambda row: (_campaign(row, "utm_content") or None) if row.entry else None,
    "missing": lambda row: row.line.path if row.line.status == 404 and not _is_program(row) else None,
    "missing_bots": lambda row: row.line.path if row.line.status == 404 and _is_program(row) else None,
    "download": lambda row: row.line.path if row.kind == "download" and row.line.status in (200, 206) else None,
    "feed": lambda row: row.line.path if row.kind == "feed" else None,
    "feed_reader": lambda row: (row.bot or row.agent.browser) if row.kind == "feed" else None,
    "bot": lambda row: row.bot or None,
    "bot_kind": lambda row: row.bot_kind or None,
    "crawled": lambda row: row.line.path if row.bot_kind == "ai" else None,
    "reading": lambda row: row.line.path if row.kind == "reading" and not row.bot else None,
    "outbound": lambda row: (_told(row)["to"] or None) if row.kind == "reading" and not row.bot else None,
}
TOLD = frozenset({"reading", "outbound"})
"""Of pages alone that the same visitor asked for that day."""
WITH_CLIENTS = frozenset({"missing", "feed", "feed_reader", "download", "outbound"})


OF_ROW: dict[str, Callable[[Seen], str]] = {
    "path": lambda row: row.line.path,
    "country": lambda row: row.line.country,
    "browser": lambda row: row.agent.browser,
    "os": lambda row: row.agent.os,
    "device": lambda row: row.agent.device,
    "status": lambda row: str(row.line.status),
    "type": lambda row: row.line.type,
    "bot": lambda row: row.bot,
    "bot_kind": lambda row: row.bot_kind,
    "kind": lambda row: row.kind,
}
"""Filters that a request passes by itself."""
OF_VISIT: dict[str, Callable[[Seen], str | None]] = {
    "referrer": lambda row: row.line.ref if row.visit else None,
    "source": lambda row: (row.origin.source or DIRECT) if row.entry else None,
    "medium": lambda row: row.origin.medium if row.entry else None,
    "campaign": lambda row: row.origin.campaign if row.entry else None,
    "term": lambda row: _campaign(row, "utm_term") if row.entry else None,
    "content": lambda row: _campaign(row, "utm_content") if row.entry else None,
    "entry": lambda row: row.line.path if row.entry else None,
    "exit": lambda row: row.line.path if row.exit else None,
}
"""Those that a visit passes as a whole, by one of its page views."""


def passing(rows: list[Seen], filters: dict[str, list[str]]) -> list[Seen]:
    """The requests for which every filter holds."""
    for name, values in filters.items():
        bare = name.removeprefix("not-")
        wanted = _of_row(rows, bare, values) if bare in OF_ROW else _of_visit(rows, bare, values)
        rows = [row for row, holds in zip(rows, wanted, strict=True) if holds != (name != bare)]
    return rows


def _of_row(rows: list[Seen], name: str, values: list[str]) -> list[bool]:
    begins = tuple(value[:-1] for value in values if name == "path" and value.endswith("*"))
    told = OF_ROW[name]
    return [told(row) in values or told(row).startswith(begins) for row in rows]


def _of_visit(rows: list[Seen], name: str, values: list[str]) -> list[bool]:
    told = OF_VISIT[name]
    visits = {id(row.visit) for row in rows if row.visit and told(row) in values}
    itself = name == "referrer"
    return [(row.visit is not None and id(row.visit) in visits) or (itself and row.line.ref in values) for row in rows]


def pages(rows: list[Seen], days: list[str]) -> dict[str, PathDays]:
    """Page views by path and day."""
    counts = Counter((row.line.path, row.day) for row in rows if row.visit)
    by_path = {path: [counts[path, day] for day in days] for path, _ in counts}
    return {path: PathDays(path=path, page_views=sum(each), days=each) for path, each in by_path.items()}


def live(rows: list[Seen], now_us: int) -> Live:
    """Who is there, with the pages that most read, and the course of half an hour."""
    views = [row for row in rows if row.visit and now_us - 30 * MINUTE_US < row.line.ts <= now_us]
    recent = [row for row in views if row.line.ts > now_us - 5 * MINUTE_US]
    minutes = Counter((now_us - row.line.ts) // MINUTE_US for row in views)
    read = {path: len({row.who for row in recent if row.line.path == path}) for path in {r.line.path for r in recent}}
    first = sorted(read.items(), key=lambda each: (-each[1], each[0]))[:8]
    return Live(
        visitors=len({row.who for row in recent}),
        page_views=len(recent),
        minutes=[minutes[ago] for ago in reversed(range(30))],
        pages=[LivePage(path=path, visitors=visitors) for path, visitors in first],
    )


def breakdown(rows: list[Seen], by: Dimension, everything: list[Seen] | None = None) -> dict[str, Slice]:
    """By the dimension's key; of `rows` that passed filters, `everything` are all there are."""
    key = KEYS[by]
    if by in TOLD:
        viewed = {(row.who, row.line.path) for row in everything or rows if row.visit}
        rows = [row for row in rows if (row.who, row.line.path) in viewed]
    by_key: dict[str, list[Seen]] = defaultdict(list)
    for row in rows:
        if (name := key(row)) is not None:
            by_key[name].append(row)
    counted = {"clients": by in WITH_CLIENTS, "told": by == "reading"}
    return {name: _slice(name, found, **counted) for name, found in by_key.items()}


_TRIED = re.compile(r"\.(php|env|aspx?|jsp|cgi|git|sql|bak|map)\Z|/\.|/wp-|wlwmanifest\.xml\Z", re.IGNORECASE)
"""What programs try on every site, whatever they say that they are."""


def _is_program(row: Seen) -> bool:
    return bool(row.bot or _TRIED.search(row.line.path))


def _campaign(row: Seen, name: str) -> str:
    return next((value.strip() for key, value in parse_qsl(row.line.query) if key == name), "")


def _told(row: Seen) -> dict[str, str]:
    return dict(re.findall("([a-z]+)=([^&]*)", row.line.query))


def _slice(name: str, found: list[Seen], *, clients: bool, told: bool) -> Slice:
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
        readings=sum(int(_told(row)["first"]) for row in found) if told else 0,
        read_us=sum(1000 * int(_told(row)["ms"]) for row in found) if told else 0,
        depth=sum(int(_told(row)["depth"]) for row in found) if told else 0,
    )


def latency(rows: list[Seen], path: str) -> PathLatency:
    """Of a page."""
    taken = sorted(row.line.us for row in rows if row.line.path == path and row.line.type == "text/html")
    p50, p95, p99 = (taken[-(-len(taken) * share // 100) - 1] for share in (50, 95, 99))
    return PathLatency(path=path, requests=len(taken), p50_us=p50, p95_us=p95, p99_us=p99)
