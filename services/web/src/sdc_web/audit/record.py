"""Writing the log: one row, in the transaction of what it tells of."""

import re

from sdc_core import clock
from sdc_core.sqlite import Connection, execute

from sdc_web.audit.actions import ACTIONS, Action, kind_of
from sdc_web.authors.rights import Actor
from sdc_web.texts.scripts import spread

MAX_WORDS = 300
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
"""What moves a terminal's cursor or turns the direction of a line: titles are an author's own, the line is not."""

SQL_RECORD = """
INSERT INTO audit_entries (at_us, author_id, author_name, kind, action, subject_id, words, haystack)
VALUES (:at_us, :author_id, :author_name, :kind, :action, :subject_id, :words, :haystack)
"""


async def record(connection: Connection, by: Actor | None, action: Action, subject_id: str, words: str) -> None:
    """Somebody did that to the thing with that id, which `words` name as it was called then; None is nobody known.

    Neither a secret nor an address of the network belongs into the words: the log is kept for good.
    """
    told = " ".join(_UNSEEN.sub(" ", words).split())[:MAX_WORDS]
    name = by.name if by else ""
    values = {
        "at_us": clock.now_us(),
        "author_id": by.id if by else "",
        "author_name": name,
        "kind": kind_of(action),
        "action": action,
        "subject_id": subject_id[:MAX_WORDS],
        "words": told,
        "haystack": spread(f"{name} {ACTIONS[action]} {told}".casefold()),
    }
    await execute(connection, SQL_RECORD, values)
