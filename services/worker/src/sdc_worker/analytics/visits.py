"""The SQL that says what a request was, which visit a page view belongs to, and what a segment holds."""

from sdc_worker.analytics.crawlers import BEHAVIOUR
from sdc_worker.analytics.rows import COLUMNS

SCHEMA = 2
"""Of segments. 1 had no `kind`, `source`, `medium`, `campaign`, `bot_kind` and `readers`: `SQL_MERGE_1` reads it."""

GAP_US = 30 * 60 * 1_000_000
HASTE_PAGES, HASTE_US = 10, 10 * 1_000_000
"""Who asks for that many pages within that time, and for no file that a page needs all day, is no person."""

_COLUMNS = ", ".join(f'"{name}"' for name in COLUMNS)
_STORED = ", ".join(f'"{name}"' for name in COLUMNS if name != "day")
_DECLARED = ", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items())
_VISIT = "visit, visit_views, visit_us, entry, exit"
_READ = "read_parquet($files, hive_partitioning = true, hive_types = {day: VARCHAR})"

_PROBED = (
    r"/(wp-(admin|login|config|includes)|xmlrpc\.php|phpmyadmin|cgi-bin|vendor/phpunit|boaform|actuator|eval-stdin\.php|"
    r"\.(env|git|svn|hg|aws|ssh|htpasswd|htaccess|ds_store|vscode|docker|npmrc|bash_history))(/|\.|$)"
)
"""Paths that programs try on every site, and to which no old link leads: whoever asks for one in vain is a program."""

_PROBE = f"CASE WHEN status = 404 THEN regexp_matches(lower(path), '{_PROBED}') ELSE false END"

_DECIDING = """seq, visitor, ts, kind IN ('asset', 'media', 'reading') AS file, probe,
    method = 'GET' AND status IN (200, 304) AND kind = 'page' AS candidate"""

_OWN = "path = '/author' OR starts_with(path, '/author/') OR starts_with(path, '/preview/')"

_KIND = f"""CASE
    WHEN {_OWN} THEN 'author'
    WHEN starts_with(path, '/api/') THEN 'api'
    WHEN type = 'text/html' THEN 'page'
    WHEN starts_with(path, '/static/') OR starts_with(type, 'font/') OR type IN (
        'text/css', 'text/javascript', 'application/javascript', 'application/manifest+json', 'application/wasm'
    ) THEN 'asset'
    WHEN starts_with(type, 'image/') OR starts_with(type, 'video/') OR starts_with(type, 'audio/') THEN 'media'
    WHEN starts_with(path, '/media/') THEN 'download'
    WHEN type IN ('application/atom+xml', 'application/rss+xml', 'application/feed+json') THEN 'feed'
    WHEN type IN (
        'application/pdf', 'application/zip', 'application/gzip', 'application/epub+zip', 'application/octet-stream',
        'application/x-tar', 'application/x-7z-compressed', 'text/csv', 'text/calendar',
        'application/vnd.rar', 'application/x-rar-compressed', 'application/x-bzip2', 'application/x-xz',
        'application/zstd', 'application/java-archive', 'application/vnd.android.package-archive',
        'application/x-msdownload', 'application/x-msdos-program', 'application/x-dosexec', 'application/x-msi',
        'application/vnd.microsoft.portable-executable', 'application/x-apple-diskimage',
        'application/vnd.debian.binary-package', 'application/x-debian-package', 'application/x-deb',
        'application/x-rpm', 'application/x-redhat-package-manager', 'application/x-iso9660-image',
        'application/msword', 'application/vnd.ms-excel', 'application/vnd.ms-powerpoint', 'application/rtf',
        'application/postscript', 'application/x-mobipocket-ebook'
    ) OR starts_with(type, 'application/vnd.openxmlformats-officedocument.')
        OR starts_with(type, 'application/vnd.oasis.opendocument.') THEN 'download'
    ELSE 'other'
END"""

_LINE_KIND = f"CASE WHEN told <> '' THEN 'reading' ELSE {_KIND} END"


def told_by(name: str) -> str:
    """What the campaign's address says under that name, as `origins` reads it: the first, without what is around it."""
    found = f"replace(regexp_extract(query, '(?:^|&){name}=([^&]*)', 1), '+', ' ')"
    read = f"left(trim(coalesce(TRY(url_decode({found})), {found})), 100)"
    return f"CASE WHEN contains(query, '{name}=') THEN {read} ELSE '' END"


SQL_TABLES = """
CREATE OR REPLACE TABLE agents (
    ua VARCHAR, browser VARCHAR, os VARCHAR, device VARCHAR, bot VARCHAR, bot_kind VARCHAR, readers INTEGER
);
CREATE OR REPLACE TABLE origins (ref VARCHAR, query VARCHAR, source VARCHAR, medium VARCHAR, campaign VARCHAR)
"""

SQL_KNOWN = "SELECT (SELECT count(*) FROM agents) + (SELECT count(*) FROM origins)"


def sql_lines(table: str) -> str:
    """A table of a day's lines, each with what kind of request it was and whether it tried one of `_PROBED` in vain."""
    return f"""
CREATE OR REPLACE TABLE {table} (
    seq BIGINT, ts BIGINT, visitor BIGINT, method VARCHAR, path VARCHAR, query VARCHAR, status SMALLINT, bytes BIGINT,
    us BIGINT, type VARCHAR, ref VARCHAR, ua VARCHAR, country VARCHAR, told VARCHAR, kind VARCHAR, probe BOOLEAN
)
"""


def sql_sealed(table: str) -> str:
    """A table of what a segment has of the day already."""
    return f"CREATE OR REPLACE TABLE {table}_sealed ({_DECLARED})"


def sql_load(table: str) -> str:
    """Lines of a file. The day is that of the visitors' hashes: an answer that ended a moment past midnight still
    belongs to it. What a page tells of how it was read stands apart from queries, each of which is an origin.
    """
    return f"""
INSERT INTO {table}
SELECT *, {_LINE_KIND} AS kind, {_PROBE} AS probe FROM (
    SELECT $first + row_number() OVER () AS seq, least(greatest(ts, $start_us), $start_us + 86399999999) AS ts,
        CAST(CAST(unhex(visitor) AS BIT) AS BIGINT) AS visitor, coalesce(method, 'GET') AS method, path,
        CASE WHEN starts_with(query, 'ms=') THEN '' ELSE coalesce(query, '') END AS query,
        least(greatest(status, 0), 999) AS status, greatest(coalesce(bytes, 0), 0) AS bytes,
        greatest(coalesce(us, 0), 0) AS us, coalesce(type, '') AS type, coalesce(ref, '') AS ref,
        coalesce(ua, '') AS ua, coalesce(country, '') AS country,
        CASE WHEN starts_with(query, 'ms=') THEN query ELSE '' END AS told
    FROM read_json($file, columns = $columns, format = 'newline_delimited', maximum_object_size = 4194304)
)
"""  # noqa: S608 - names of our own tables


def sql_new_agents(table: str) -> str:
    """User-Agents that are met for the first time."""
    return f"SELECT DISTINCT ua FROM {table} ANTI JOIN agents USING (ua)"  # noqa: S608 - as above


def sql_new_origins(table: str) -> str:
    """Referring hosts and queries that are."""
    return f"SELECT DISTINCT ref, query FROM {table} ANTI JOIN origins USING (ref, query)"  # noqa: S608 - as above


def sql_merge(table: str, schema: int) -> str:
    """Requests of a sealed day, as they were before their visits and behaviour were worked out; numbered `$shift`
    lower, so that they come before those that are there.
    """
    added = {
        "kind": _KIND,
        "source": "''",
        "medium": "''",
        "campaign": "''",
        "bot_kind": "CASE WHEN bot = '' THEN '' ELSE 'other' END",
        "readers": "0",
    }
    forgotten = {name: f"CASE WHEN bot_kind = '{BEHAVIOUR}' THEN '' ELSE {name} END" for name in ("bot", "bot_kind")}
    values = {"seq": "seq - $shift", "page": "false", **(added if schema < SCHEMA else forgotten)}
    return f"INSERT INTO {table}_sealed SELECT {', '.join(values.get(name, name) for name in COLUMNS)} FROM {_READ}"  # noqa: S608


TOUCHED = "touched"
"""The table of what `sql_touch` finds."""


def sql_touch(table: str) -> str:
    """Every line of the visitors who have one behind `$mark`: what else they did decides what it is. No visit and no
    behaviour reaches beyond one visitor.
    """
    return f"""
CREATE OR REPLACE TEMP TABLE {TOUCHED} AS
FROM {table} SEMI JOIN (SELECT visitor FROM {table} WHERE seq > $mark) USING (visitor)
"""  # noqa: S608 - names of our own tables


def sql_forget_touched(hot: str) -> str:
    """Their requests are to be put into visits anew."""
    return f"DELETE FROM {hot} WHERE visitor IN (SELECT visitor FROM {TOUCHED})"  # noqa: S608 - as above


def sql_visits(table: str, *, sealed: bool = False) -> str:
    """The requests of `$day` with their visits; with `sealed`, what a segment has of the day among them. A page view is
    a page that a person asked for: GET, 200 or 304, text/html, not the author's own part, and nobody who says or shows
    that it is a bot. A visit ends after 30 minutes without one, and with the day. `visit` is the `seq` of its first
    page view, `visit_us` lasts from the first to the last.

    What decides is read first, of few columns; whole rows are put together once.
    """
    made = {"day": "$day", "page": "false", "query": "query || told"}
    requests = f"""
    SELECT {", ".join(made.get(name, name) + f" AS {name}" for name in COLUMNS)}
    FROM {table} JOIN agents USING (ua) JOIN origins USING (ref, query)"""  # noqa: S608 - names of our own columns
    people = f"SELECT {_DECIDING} FROM {table} JOIN agents USING (ua) WHERE bot = ''"  # noqa: S608 - as above
    if sealed:
        requests += f" UNION ALL SELECT {_COLUMNS} FROM {table}_sealed"  # noqa: S608 - as above
        people += f" UNION ALL SELECT {_DECIDING} FROM (SELECT *, {_PROBE} AS probe FROM {table}_sealed) WHERE bot = ''"  # noqa: S608
    return f"""
WITH requests AS NOT MATERIALIZED ({requests}), people AS MATERIALIZED ({people}
), candidates AS MATERIALIZED (
    SELECT seq, visitor, ts, ts - lag(ts) OVER w AS gap, ts - lag(ts, {HASTE_PAGES - 1}) OVER w AS haste
    FROM people WHERE candidate WINDOW w AS (PARTITION BY visitor ORDER BY ts, seq)
), programs AS MATERIALIZED (
    SELECT DISTINCT visitor, 'probing' AS behaved FROM people WHERE probe
    UNION ALL
    SELECT DISTINCT visitor, 'hasty'
    FROM candidates ANTI JOIN (SELECT visitor FROM people WHERE probe OR file) USING (visitor)
    WHERE haste <= {HASTE_US}
), starts AS (
    SELECT seq, visitor, ts, CASE WHEN gap IS NULL OR gap > {GAP_US} THEN seq END AS start
    FROM candidates ANTI JOIN programs USING (visitor)
), numbered AS MATERIALIZED (
    SELECT seq, ts, start IS NOT NULL AS entry,
        last_value(start IGNORE NULLS) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS visit,
        lead(start IS NOT NULL, 1, true) OVER w AS exit
    FROM starts WINDOW w AS (PARTITION BY visitor ORDER BY ts, seq)
), visits AS (
    SELECT visit, count(*) AS visit_views, max(ts) - min(ts) AS visit_us FROM numbered GROUP BY visit
), viewed AS (
    SELECT seq, visit, visit_views, visit_us, entry, exit FROM numbered JOIN visits USING (visit)
)
SELECT requests.* REPLACE (
        visit IS NOT NULL AS page,
        CASE WHEN bot = '' THEN coalesce(behaved, '') ELSE bot END AS bot,
        CASE WHEN bot = '' AND behaved IS NOT NULL THEN '{BEHAVIOUR}' ELSE bot_kind END AS bot_kind
    ),
    visit, visit_views, visit_us, coalesce(entry, false) AS entry, coalesce(exit, false) AS exit
FROM requests LEFT JOIN viewed USING (seq) LEFT JOIN programs USING (visitor)
"""  # noqa: S608 - names of our own columns and tables


SQL_HITS = f"""
hits AS (
    SELECT {_COLUMNS}, {_VISIT} FROM hot WHERE day BETWEEN $from AND $to
    UNION ALL
    SELECT {_COLUMNS}, {_VISIT} FROM {_READ}
)
"""  # noqa: S608 - names of our own columns
"""For `WITH`: every request of the days `$from` to `$to` that is not sealed, and of the sealed days' `$files`."""

SQL_VIEWS = f"""
views AS (
    SELECT path, day FROM hot WHERE page AND day BETWEEN $from AND $to
    UNION ALL
    SELECT path, day FROM {_READ} WHERE page
)
"""  # noqa: S608 - names of our own columns
"""The same for who asks for page views alone."""


def sql_write(table: str, *, sealed: bool) -> str:
    """A day as a segment; `sealed` as in `sql_visits`. Without Bloom filters, which took a twentieth of its bytes and
    spared who asks for one path a tenth of a millisecond a day.
    """
    return f"""
COPY (SELECT {_STORED}, {_VISIT} FROM ({sql_visits(table, sealed=sealed)}) ORDER BY page, bot, ts, seq)
TO $file (FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd, WRITE_BLOOM_FILTER false)
"""  # noqa: S608 - names of our own columns


SQL_WRITE_NOTHING = f"""
COPY (SELECT {_STORED}, {_VISIT} FROM hot WHERE false) TO $file (FORMAT parquet)
"""  # noqa: S608 - names of our own columns
"""A list of files must not be empty: this file of no rows is always on it."""
