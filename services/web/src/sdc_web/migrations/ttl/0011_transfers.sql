-- Imports and exports that the CMS was asked for. Their files lie below DATA_DIR/transfers, which no backup holds either.
CREATE TABLE transfers (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('import', 'export', 'copy')),
    step TEXT NOT NULL CHECK (step IN ('look', 'take', 'write')),
    state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'looked_at', 'done', 'failed', 'cancelled', 'interrupted')),
    author_id TEXT NOT NULL,                       -- in whose name it is done
    name TEXT NOT NULL,                            -- of the file, as it is told; no path is made of it
    file TEXT NOT NULL DEFAULT '',                 -- its name in the folder, of our own making; empty once it is gone
    size_bytes INTEGER NOT NULL DEFAULT 0,
    format TEXT NOT NULL DEFAULT '',
    incomplete INTEGER NOT NULL DEFAULT 0 CHECK (incomplete IN (0, 1)),
    old_site TEXT NOT NULL DEFAULT '',
    done INTEGER NOT NULL DEFAULT 0,
    total INTEGER NOT NULL DEFAULT 0,
    counts TEXT NOT NULL DEFAULT '{}',             -- JSON: how many of the report's lines end in which way
    words TEXT NOT NULL DEFAULT '',                -- why it failed
    cancelling INTEGER NOT NULL DEFAULT 0 CHECK (cancelling IN (0, 1)),
    created_at_us INTEGER NOT NULL,
    asked_at_us INTEGER NOT NULL,                  -- its place among those that wait
    ended_at_us INTEGER,
    file_until_us INTEGER NOT NULL,
    expires_at_us INTEGER NOT NULL
) STRICT;
CREATE INDEX transfers_waiting ON transfers (asked_at_us) WHERE state IN ('waiting', 'running');
CREATE INDEX transfers_expiry ON transfers (expires_at_us);
