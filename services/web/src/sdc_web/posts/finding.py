"""The author's search: a part of a title whatever it is, words of every text, a part of one that is being written."""

import msgspec
from sdc_core.sqlite import Connection, fetch_value

from sdc_web.search import query

MAX_QUERY = 200
LOOKED_AT = 500
"""Texts that are not as readers see them, the last saved first, which are looked through from end to end as well: what
is typed is in no index yet.
"""
_SHORTEST = 3
"""Letters that the index of titles is made of."""

SQL_BY_TITLE = "SELECT json_group_array(rowid) FROM catalogue_titles WHERE catalogue_titles MATCH :phrase"
SQL_BY_SHORT_TITLE = """
SELECT json_group_array(id) FROM catalogue WHERE title GLOB :part
"""
SQL_BY_WORDS = """
SELECT json_group_array(catalogue.id)
FROM search CROSS JOIN search_rows ON search_rows.id = search.rowid
CROSS JOIN catalogue ON catalogue.post_id = search_rows.post_id
WHERE search MATCH :words
"""
SQL_BY_DRAFT_WORDS = "SELECT json_group_array(rowid) FROM draft_words WHERE draft_words MATCH :words"
SQL_LOOKED_AT = """
SELECT json_group_array(id) FROM (
    SELECT id FROM catalogue WHERE state <> 'published' ORDER BY saved_at_us DESC, post_id DESC LIMIT :looked_at
)
"""
SQL_BY_TEXT = r"""
SELECT json_group_array(looked.id)
FROM json_each(:ids) CROSS JOIN catalogue AS looked ON looked.id = value
CROSS JOIN revisions AS newest ON newest.post_id = looked.post_id
WHERE newest.number = (SELECT max(number) FROM revisions WHERE post_id = looked.post_id)
    AND (newest.body LIKE :like ESCAPE '\' AND newest.body GLOB :part OR newest.summary GLOB :part)
"""


async def among_all(connection: Connection, typed: str) -> bytes | None:
    """The texts in which that stands: a byte for each number of the catalogue, 1 where it does; None when nothing is
    asked for. A word may stand in ten thousand texts, and each statement that is given their list sorts it anew; a byte
    is looked at where it is, by `substr`.
    """
    text = query.visible(typed[:MAX_QUERY])
    if not text:
        return None
    part = _part(text)
    found = await _titled(connection, text, part)
    words = query.parse(text).expression
    if words:
        found |= _numbers(await fetch_value(connection, SQL_BY_WORDS, {"words": words}))
        found |= _numbers(await fetch_value(connection, SQL_BY_DRAFT_WORDS, {"words": words}))
    looked = _numbers(await fetch_value(connection, SQL_LOOKED_AT, {"looked_at": LOOKED_AT})) - found
    if looked:
        # GLOB takes four times as long as LIKE, so it looks at what passes LIKE alone.
        values = {"ids": _encoded(looked), "like": f"%{''.join(map(_like, text))}%", "part": part}
        found |= _numbers(await fetch_value(connection, SQL_BY_TEXT, values))
    return _marked(found)


async def by_title(connection: Connection, typed: str) -> bytes | None:
    """The same of the texts in whose titles that stands."""
    text = query.visible(typed[:MAX_QUERY])
    if not text:
        return None
    return _marked(await _titled(connection, text, _part(text)))


def _part(text: str) -> str:
    return f"*{''.join(map(_letter, text))}*"


async def _titled(connection: Connection, text: str, part: str) -> set[int]:
    if len(text) < _SHORTEST:
        return _numbers(await fetch_value(connection, SQL_BY_SHORT_TITLE, {"part": part}))
    phrase = '"{}"'.format(text.replace('"', '""'))
    return _numbers(await fetch_value(connection, SQL_BY_TITLE, {"phrase": phrase}))


def _letter(letter: str) -> str:
    """In a pattern of GLOB: a letter in either case, of which LIKE knows ASCII's alone, or a sign that means itself."""
    cases = {letter, *(each for each in (letter.lower(), letter.upper(), letter.upper().lower()) if len(each) == 1)}
    return f"[{''.join(sorted(cases))}]" if len(cases) > 1 or letter in "*?[" else letter


def _like(letter: str) -> str:
    """In a pattern of LIKE, which takes ASCII's letters in either case: any one where it would know less than GLOB."""
    if not letter.isascii():
        return "_"
    return f"\\{letter}" if letter in "%_\\" else letter


def _marked(numbers: set[int]) -> bytes:
    marks = bytearray(max(numbers, default=0))
    for number in numbers:
        marks[number - 1] = 1
    return bytes(marks)


def _encoded(numbers: set[int]) -> str:
    return msgspec.json.encode(sorted(numbers)).decode()


def _numbers(found: object) -> set[int]:
    return msgspec.json.decode(str(found), type=set[int])
