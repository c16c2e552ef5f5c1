-- What the worker alone knows: replicated. Times are microseconds since the Unix epoch, UTC.

-- How far each day's file of each log slot is committed here: the acknowledgement that web's shipper asks for.
CREATE TABLE log_streams (
    slot TEXT NOT NULL,
    day TEXT NOT NULL,                             -- YYYY-MM-DD, UTC
    at INTEGER NOT NULL,                           -- bytes committed, always at the end of a line
    changed_us INTEGER NOT NULL,
    closed_us INTEGER,                             -- when length and digest were proved; NULL while open
    sha256 TEXT,                                   -- of all its bytes, once closed
    PRIMARY KEY (slot, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX log_streams_day ON log_streams (day);

-- Committed ranges of lines that no segment holds yet. AUTOINCREMENT: readers remember the highest id they have seen.
CREATE TABLE log_batches (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    slot TEXT NOT NULL,
    day TEXT NOT NULL,
    at INTEGER NOT NULL,                           -- offset of the first byte in the stream
    size_bytes INTEGER NOT NULL,                   -- before compression
    body BLOB NOT NULL,                            -- zlib
    UNIQUE (slot, day, at)
) STRICT;
CREATE INDEX log_batches_day ON log_batches (day, id);

-- Lines that are no access log lines: kept in their batch, counted here, never in the way.
CREATE TABLE log_rejects (
    slot TEXT NOT NULL,
    day TEXT NOT NULL,
    at INTEGER NOT NULL,                           -- offset of the line's first byte in the stream
    reason TEXT NOT NULL,
    PRIMARY KEY (slot, day, at)
) STRICT, WITHOUT ROWID;

-- Sealed days: the manifest. Readers open no file that is not listed.
CREATE TABLE segments (
    day TEXT PRIMARY KEY,
    name TEXT NOT NULL,                            -- keys.segment(day, name)
    rows INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    sealed_us INTEGER NOT NULL
) STRICT;

-- Executions of cron jobs. A row is inserted before the work begins, so one due time never runs twice.
CREATE TABLE runs (
    id TEXT PRIMARY KEY,                           -- also the webhook id of a cron hook
    job TEXT NOT NULL,
    trigger TEXT NOT NULL CHECK (trigger IN ('schedule', 'manual', 'catch_up')),
    attempt INTEGER NOT NULL,                      -- counts from 1
    due_us INTEGER NOT NULL,
    started_us INTEGER,                            -- NULL while it waits for another run, and for ever when skipped
    ended_us INTEGER,
    outcome TEXT NOT NULL CHECK (outcome IN ('running', 'ok', 'failed', 'timed_out', 'missed', 'skipped')),
    output TEXT NOT NULL,                          -- at most 4 kB
    message_id TEXT UNIQUE                         -- idempotency key of a manual run
) STRICT;
CREATE UNIQUE INDEX runs_once ON runs (job, due_us) WHERE trigger <> 'manual';
CREATE INDEX runs_job ON runs (job, due_us DESC);
CREATE INDEX runs_due ON runs (due_us DESC);

CREATE TABLE job_states (
    job TEXT PRIMARY KEY,
    paused INTEGER NOT NULL,
    considered_us INTEGER NOT NULL                 -- due times up to here were run, missed or skipped
) STRICT;

-- Messages for web, with every attempt. `next_us` is NULL once delivered or given up.
CREATE TABLE deliveries (
    id TEXT PRIMARY KEY,                           -- webhook id
    type TEXT NOT NULL,
    body BLOB NOT NULL,
    created_us INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    next_us INTEGER,
    delivered_us INTEGER,
    error TEXT NOT NULL                            -- of the last attempt, in words
) STRICT;
CREATE INDEX deliveries_next ON deliveries (next_us) WHERE next_us IS NOT NULL;
CREATE INDEX deliveries_created ON deliveries (created_us);

CREATE TABLE attempts (
    delivery_id TEXT NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    at_us INTEGER NOT NULL,
    status INTEGER NOT NULL,                       -- 0 when no answer came
    error TEXT NOT NULL,
    duration_us INTEGER NOT NULL,
    PRIMARY KEY (delivery_id, number)
) STRICT, WITHOUT ROWID;

-- Originals that wait for their variants, or had them made.
CREATE TABLE image_jobs (
    asset_id TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'running', 'done', 'failed')),
    attempts INTEGER NOT NULL,
    reason TEXT NOT NULL,                          -- of the last failure, in words
    enqueued_us INTEGER NOT NULL,
    updated_us INTEGER NOT NULL,
    message_id TEXT NOT NULL                       -- of the answer to web
) STRICT;
CREATE INDEX image_jobs_state ON image_jobs (state, enqueued_us);
