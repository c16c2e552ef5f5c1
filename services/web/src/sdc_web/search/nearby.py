"""The next best question, for one that nothing answers: mistyped words as the index spells them."""

import re
import unicodedata
from difflib import get_close_matches

import msgspec
from sdc_core.sqlite import Connection, fetch_all, fetch_value

from sdc_web.search.query import Query, parse

MOST = 3
"""Words that may be mistyped; a question with more of them is about something that is not here."""
_CLOSE = 0.7
_SHORTEST = 3
_LAST = "\U0010ffff"


class _Word(msgspec.Struct, frozen=True, kw_only=True):
    term: str


SQL_WORDS = """
SELECT term FROM search_words WHERE term >= :from AND term < :to ORDER BY doc DESC LIMIT 500
"""
SQL_ANY = "SELECT 1 FROM search WHERE search MATCH :words LIMIT 1"


async def nearby(connection: Connection, query: Query) -> str:
    """What to type instead, if that finds anything; empty otherwise. A word that is in the index stays as it is."""
    unknown = [each for each in query.wanted if len(each.words) == 1 and not await _finds(connection, each.expression)]
    if not 0 < len(unknown) <= MOST:
        return ""
    changed = query.text
    for piece in unknown:
        word = piece.words[0]
        closest = await _closest(connection, word)
        if not closest:
            return ""
        changed = re.sub(rf"\b{re.escape(word)}\b", closest, changed, count=1)
    words = parse(changed).expression
    return changed if changed != query.text and words and await _finds(connection, words) else ""


async def _finds(connection: Connection, words: str) -> bool:
    return await fetch_value(connection, SQL_ANY, {"words": words}) is not None


async def _closest(connection: Connection, word: str) -> str:
    """Among the words that begin as this one does, the one that is most like it."""
    if len(word) < _SHORTEST:
        return ""
    folded = "".join(each for each in unicodedata.normalize("NFD", word) if not unicodedata.combining(each)).lower()
    beginning = folded[: max(2, len(folded) // 3)]
    words = await fetch_all(connection, _Word, SQL_WORDS, {"from": beginning, "to": beginning + _LAST})
    return next(iter(get_close_matches(folded, [each.term for each in words], n=1, cutoff=_CLOSE)), "")
