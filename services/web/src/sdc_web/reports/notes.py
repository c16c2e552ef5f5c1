"""What happened on a day, in the author's words: a release, a talk, a link from somewhere large."""

from datetime import date

import msgspec
from sdc_core import clock
from sdc_core.errors import Invalid, NotFound
from sdc_core.sqlite import Connection, Database, execute, fetch_all, fetch_value

from sdc_web import audit
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor

MAX_TEXT = 200
MOST_SHOWN = 60


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """A note on a day `YYYY-MM-DD`."""

    id: str
    author_id: str
    day: str
    text: str


SQL_OF_DAYS = """
SELECT id, author_id, day, text FROM statistics_notes
WHERE day BETWEEN :first AND :last ORDER BY day DESC, id DESC LIMIT :limit
"""


async def of_days(connection: Connection, by: Actor, first: str, last: str) -> list[Note]:
    """Everybody's, the newest first, at most `MOST_SHOWN`. Raises Forbidden."""
    rights.require(by, "statistics.read")
    return await fetch_all(connection, Note, SQL_OF_DAYS, {"first": first, "last": last, "limit": MOST_SHOWN})


async def add(site: Database, by: Actor, day: str, text: str) -> None:
    """One more. Raises Forbidden, and Invalid naming the field."""
    rights.require(by, "notes.change", by.id)
    text = " ".join(text.split())
    if not 1 <= len(text) <= MAX_TEXT:
        raise Invalid(f"A note has 1 to {MAX_TEXT} characters.", field="text")
    if not _is_day(day):
        raise Invalid("Choose a day.", field="day")
    note = Note(id=clock.new_id(), author_id=by.id, day=day, text=text)
    async with site.transaction() as connection:
        await _insert(connection, note)
        await audit.record(connection, by, "note.added", note.id, f"{day}: {text}")


SQL_INSERT = """
INSERT INTO statistics_notes (id, author_id, day, text, created_at_us)
VALUES (:id, :author_id, :day, :text, :now_us)
"""


async def _insert(connection: Connection, note: Note) -> None:
    await execute(connection, SQL_INSERT, {**msgspec.structs.asdict(note), "now_us": clock.now_us()})


SQL_AUTHOR_OF = "SELECT author_id FROM statistics_notes WHERE id = :id"
SQL_REMOVE = "DELETE FROM statistics_notes WHERE id = :id"


async def remove(site: Database, by: Actor, note_id: str) -> None:
    """Delete one. Raises Forbidden for another author's, NotFound."""
    async with site.transaction() as connection:
        author_id = await fetch_value(connection, SQL_AUTHOR_OF, {"id": note_id})
        if author_id is None:
            raise NotFound("there is no such note")
        rights.require(by, "notes.change", str(author_id))
        await execute(connection, SQL_REMOVE, {"id": note_id})
        await audit.record(connection, by, "note.deleted", note_id, note_id)


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
