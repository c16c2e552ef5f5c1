"""The SQL that says which visit a page view belongs to, and the columns that a segment has."""

from sdc_worker.analytics.rows import COLUMNS

_COLUMNS = ", ".join(f'"{name}"' for name in COLUMNS)
_STORED = ", ".join(f'"{name}"' for name in COLUMNS if name != "day")
_DECLARED = ", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items())
_VISIT = "visit, visit_views, visit_us, entry, exit"
_READ = "read_parquet($files, hive_partitioning = true, hive_types = {day: VARCHAR})"

SQL_CREATE = f"CREATE TABLE raw ({_DECLARED})"
"""The table of what no segment holds, and of the days that got more lines after they were sealed."""

SQL_LOAD = f"""
INSERT INTO raw SELECT {_COLUMNS}
FROM read_json($file, columns = $columns, format = 'newline_delimited', maximum_object_size = 4194304)
"""  # noqa: S608 - names of our own columns

SQL_MERGE = f"INSERT INTO raw SELECT {_COLUMNS} FROM {_READ}"  # noqa: S608 - names of our own columns

SQL_VISITS = f"""
WITH views AS (
    SELECT {_COLUMNS}, ts - lag(ts) OVER (PARTITION BY day, visitor ORDER BY ts, seq) AS gap
    FROM raw WHERE page AND day BETWEEN $from AND $to AND seq < $before
), starts AS (
    SELECT *, CASE WHEN gap IS NULL OR gap > 1800000000 THEN seq END AS start FROM views
), numbered AS (
    SELECT *, last_value(start IGNORE NULLS) OVER (
        PARTITION BY day, visitor ORDER BY ts, seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS visit FROM starts
)
SELECT {_COLUMNS}, visit,
    count(*) OVER (PARTITION BY visit) AS visit_views,
    max(ts) OVER (PARTITION BY visit) - min(ts) OVER (PARTITION BY visit) AS visit_us,
    start IS NOT NULL AS entry,
    lead(seq) OVER (PARTITION BY visit ORDER BY ts, seq) IS NULL AS exit
FROM numbered
UNION ALL
SELECT {_COLUMNS}, NULL, NULL, NULL, false, false
FROM raw WHERE NOT page AND day BETWEEN $from AND $to AND seq < $before
"""  # noqa: S608 - names of our own columns
"""Rows of `raw` with their visit: a visit ends after 30 minutes without a page view, and with the day. `visit` is the
`seq` of its first page view, `visit_us` lasts from the first to the last."""

SQL_HITS = f"""
hits AS (
    SELECT {_COLUMNS}, {_VISIT} FROM ({SQL_VISITS})
    UNION ALL
    SELECT {_COLUMNS}, {_VISIT} FROM {_READ} WHERE day BETWEEN $from AND $to
)
"""  # noqa: S608 - names of our own columns
"""For `WITH`: every row of the days `$from` to `$to`, sealed in `$files` or not."""

SQL_VIEWS = f"""
views AS (
    SELECT path, day FROM raw WHERE page AND day BETWEEN $from AND $to AND seq < $before
    UNION ALL
    SELECT path, day FROM {_READ} WHERE page AND day BETWEEN $from AND $to
)
"""  # noqa: S608 - names of our own columns
"""The same for who asks for page views alone, which need not be put into visits."""

SQL_WRITE = f"""
COPY (SELECT {_STORED}, {_VISIT} FROM ({SQL_VISITS}) ORDER BY page, bot, ts, seq)
TO $file (FORMAT parquet, COMPRESSION zstd)
"""  # noqa: S608 - names of our own columns

SQL_WRITE_NOTHING = f"""
COPY (SELECT {_STORED}, {_VISIT} FROM ({SQL_VISITS}) WHERE false) TO $file (FORMAT parquet)
"""  # noqa: S608 - names of our own columns
"""A list of files must not be empty: this file of no rows is always on it."""
