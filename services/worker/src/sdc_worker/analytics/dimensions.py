"""The properties by which a period can be told: what each is in SQL."""

from typing import NamedTuple

from sdc_core.answers.analytics import Dimension

from sdc_worker.analytics.visits import told_by

DIRECT = "Direct"
"""The source of who came by themselves."""
_FIRST = "CASE {0} WHEN '' THEN '" + DIRECT + "' ELSE {0} END"


class Kind(NamedTuple):
    """A dimension: the key's expression, which rows have one, what the largest is by, whether `clients` are counted,
    and what pages tell of how they were read.
    """

    key: str
    present: str
    largest: tuple[str, ...] = ("visitors", "page_views", "requests")
    clients: bool = False
    told: bool = False


CLIENTS = """
SELECT key, sum(number) AS clients
FROM (SELECT key, day, visitor, max(greatest(readers, 1)) AS number FROM {0} GROUP BY key, day, visitor) GROUP BY key
"""
"""Who asked, by the day; a program that fetches for many says for how many."""
TOLD = """
    sum(TRY_CAST(regexp_extract(query, 'first=([01])', 1) AS BIGINT)) AS readings,
    sum(1000 * TRY_CAST(regexp_extract(query, 'ms=([0-9]+)', 1) AS BIGINT)) AS read_us,
    sum(TRY_CAST(regexp_extract(query, 'depth=([0-9]+)', 1) AS BIGINT)) AS depth
"""
_LED_TO = "regexp_extract(query, 'to=(.*)', 1)"
TOLD_NOTHING = "0 AS readings, 0 AS read_us, 0 AS depth"
_READ = """kind = 'reading' AND bot = '' AND (day, visitor, path) IN (
    SELECT (day, visitor, path) FROM hits WHERE page AND visitor IN (SELECT visitor FROM hits WHERE kind = 'reading')
)"""
"""What is told counts of a page that the same visitor asked for that day: nobody makes up pages, or readers."""
_MISSING = "status = 404 AND kind <> 'author'"
_PROGRAM = r"""(bot <> '' OR regexp_matches(
    path, '\.(php|env|aspx?|jsp|cgi|git|sql|bak|map)$|/\.|/wp-|wlwmanifest\.xml$', 'i'
))"""
"""What tells by its name, or by what it asks for: some addresses are tried on every site, under names of browsers."""
_DOWNLOADED = "(kind = 'download' OR starts_with(type, 'audio/') OR starts_with(type, 'video/'))"
_BY_REQUESTS, _BY_BYTES, _BY_CLIENTS = ("requests",), ("bytes", "requests"), ("clients", "requests")
DIMENSIONS: dict[Dimension, Kind] = {
    "page": Kind("path", "page"),
    "path": Kind("path", "true"),
    "entry": Kind("path", "entry"),
    "exit": Kind("path", "exit"),
    "referrer": Kind("ref", "ref <> ''"),
    "source": Kind(_FIRST.format("source"), "entry"),
    "medium": Kind("medium", "entry"),
    "campaign": Kind("campaign", "entry AND campaign <> ''"),
    "term": Kind(told_by("utm_term"), f"entry AND {told_by('utm_term')} <> ''"),
    "content": Kind(told_by("utm_content"), f"entry AND {told_by('utm_content')} <> ''"),
    "country": Kind("country", "true"),
    "browser": Kind("browser", "bot = ''"),
    "os": Kind("os", "bot = ''"),
    "device": Kind("device", "bot = ''"),
    "status": Kind("CAST(status AS VARCHAR)", "true", _BY_REQUESTS),
    "type": Kind("type", "true", _BY_BYTES),
    "kind": Kind("kind", "true", _BY_BYTES),
    "heavy": Kind("path", "true", _BY_BYTES),
    "missing": Kind("path", f"{_MISSING} AND NOT {_PROGRAM}", _BY_CLIENTS, clients=True),
    "missing_bots": Kind("path", f"{_MISSING} AND {_PROGRAM}", _BY_REQUESTS),
    "feed": Kind("path", "kind = 'feed'", _BY_CLIENTS, clients=True),
    "feed_reader": Kind("CASE bot WHEN '' THEN browser ELSE bot END", "kind = 'feed'", _BY_CLIENTS, clients=True),
    "download": Kind("path", f"{_DOWNLOADED} AND status IN (200, 206)", _BY_CLIENTS, clients=True),
    "bot": Kind("bot", "bot <> ''", _BY_REQUESTS),
    "bot_kind": Kind("bot_kind", "bot <> ''", _BY_REQUESTS),
    "crawled": Kind("path", "bot_kind = 'ai'", _BY_REQUESTS),
    "reading": Kind("path", _READ, ("readings", "read_us"), told=True),
    "outbound": Kind(_LED_TO, f"{_READ} AND {_LED_TO} <> ''", _BY_CLIENTS, clients=True),
}
