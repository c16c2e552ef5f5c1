"""Reading the log: the newest first, a page at a time, filtered and searched."""

import re
from datetime import date, timedelta

import msgspec
from sdc_core.errors import Invalid
from sdc_core.sqlite import Connection, Value, fetch_all

from sdc_web import zones
from sdc_web.audit.actions import ACTIONS, Action
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.search import query

PAGE = 50
NOBODY = "-"
"""In the place of a name: whoever nobody knows."""
_LATEST = 1 << 62
_WRITTEN = re.compile(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}")


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What is listed; an empty field asks for all. Days are both included; `before` is the id to go on from."""

    q: str = ""
    who: str = ""
    kind: str = ""
    since: str = ""
    until: str = ""
    before: str = ""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A row; `author_name` is empty for nobody known, `words` say what the thing was called then."""

    id: int
    at_us: int
    author_id: str
    author_name: str
    kind: str
    action: Action
    subject_id: str
    words: str

    @property
    def did(self) -> str:
        """What they did, in words that follow the name."""
        return ACTIONS[self.action]


_COLUMNS = """
SELECT entry.id, entry.at_us, entry.author_id, entry.author_name, entry.kind, entry.action, entry.subject_id,
    entry.words
"""
_FITS = """
entry.at_us >= :since_us AND entry.at_us < :until_us
    AND (:who IS NULL OR entry.author_name = :who) AND (:kind = '' OR entry.kind = :kind)
"""
SQL_PAGE = f"""
{_COLUMNS} FROM audit_entries AS entry WHERE entry.id < :before AND {_FITS} ORDER BY entry.id DESC LIMIT :limit
"""
# The list of a word's rows is read from its end, as far as the page needs.
SQL_SEARCH = f"""
{_COLUMNS} FROM audit_words CROSS JOIN audit_entries AS entry ON entry.id = audit_words.rowid
WHERE audit_words MATCH :sought AND audit_words.rowid < :before AND {_FITS}
ORDER BY audit_words.rowid DESC LIMIT :limit
"""


async def page(connection: Connection, by: Actor, filters: Filters, limit: int = PAGE, zone: str = "") -> list[Entry]:
    """Entries that fit, the newest first; words are sought as readers seek them in texts, days are those of a zone that
    was loaded. Raises Forbidden, and Invalid for a filter that is none.
    """
    rights.require(by, "audit.read")
    values: dict[str, Value] = {
        "before": _before(filters.before),
        "since_us": zones.day_us(_day(filters.since, "since"), zone) if filters.since else 0,
        "until_us": zones.day_us(_day(filters.until, "until") + timedelta(days=1), zone) if filters.until else _LATEST,
        "who": "" if filters.who == NOBODY else filters.who or None,
        "kind": filters.kind,
        "limit": limit,
    }
    if not filters.q.strip():
        return await fetch_all(connection, Entry, SQL_PAGE, values)
    sought = query.parse(filters.q).expression
    return await fetch_all(connection, Entry, SQL_SEARCH, {**values, "sought": sought}) if sought else []


async def newest(connection: Connection, by: Actor, limit: int) -> list[Entry]:
    """The last entries. Raises Forbidden."""
    return await page(connection, by, Filters(), limit)


class _Name(msgspec.Struct, frozen=True, kw_only=True):
    name: str


# One step in the index for each name.
SQL_NAMES = """
WITH RECURSIVE named (name) AS (
    SELECT min(author_name) FROM audit_entries
    UNION ALL
    SELECT (SELECT min(author_name) FROM audit_entries WHERE author_name > named.name) FROM named
    WHERE named.name IS NOT NULL
)
SELECT name FROM named WHERE name IS NOT NULL
"""


async def names(connection: Connection, by: Actor) -> list[str]:
    """Everybody who is named in the log, those who left as well. Raises Forbidden."""
    rights.require(by, "audit.read")
    return [each.name for each in await fetch_all(connection, _Name, SQL_NAMES)]


def _before(text: str) -> int:
    if not text:
        return _LATEST
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Invalid("This list cannot begin there: open it anew.", field="before")
    return int(text)


def _day(day: str, field: str) -> date:
    try:
        found = date.fromisoformat(day) if _WRITTEN.fullmatch(day) else None
    except ValueError:
        found = None
    if found is None or found + timedelta(days=1) < date(1970, 1, 2):
        raise Invalid("Write a day such as 2026-11-28.", field=field)
    return found
