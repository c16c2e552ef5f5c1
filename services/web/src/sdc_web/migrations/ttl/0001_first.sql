-- Rows that expire: never backed up, safe to lose. Times are microseconds since the Unix epoch, UTC.

CREATE TABLE sessions (
    token_sha256 TEXT PRIMARY KEY,                 -- of the cookie's value, which is stored nowhere
    id TEXT NOT NULL UNIQUE,                       -- what the session list shows and revokes by
    author_id TEXT NOT NULL,
    created_at_us INTEGER NOT NULL,
    refreshed_at_us INTEGER NOT NULL,
    confirmed_at_us INTEGER NOT NULL,              -- last time the author proved who they are
    expires_at_us INTEGER NOT NULL,
    user_agent TEXT NOT NULL,
    country TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_expiry ON sessions (expires_at_us);

-- Links that work once: first set-up, and the way back in.
CREATE TABLE one_time_tokens (
    token_sha256 TEXT PRIMARY KEY,
    purpose TEXT NOT NULL CHECK (purpose IN ('setup', 'login')),
    author_id TEXT,                                -- NULL for set-up
    expires_at_us INTEGER NOT NULL
) STRICT;
CREATE INDEX one_time_tokens_expiry ON one_time_tokens (expires_at_us);

-- Ids of webhooks and what was answered, so that a repeat does nothing and is answered the same.
CREATE TABLE seen_messages (
    message_id TEXT PRIMARY KEY,
    body_sha256 TEXT NOT NULL,
    answer TEXT,                                   -- JSON; NULL while it is being done
    started_at_us INTEGER NOT NULL,
    expires_at_us INTEGER NOT NULL
) STRICT;
CREATE INDEX seen_messages_expiry ON seen_messages (expires_at_us);

-- Failed sign-ins by account and by address; the delay grows with `failures`.
CREATE TABLE throttles (
    key TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    wait_until_us INTEGER NOT NULL,
    expires_at_us INTEGER NOT NULL
) STRICT;
CREATE INDEX throttles_expiry ON throttles (expires_at_us);
