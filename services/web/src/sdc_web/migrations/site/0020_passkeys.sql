-- Passkeys: what an author signs in with, several each. The private half never leaves the author's device.
CREATE TABLE passkeys (
    id TEXT PRIMARY KEY,                           -- what lists and addresses name it by
    author_id TEXT NOT NULL REFERENCES authors (id) ON DELETE CASCADE,
    credential_id BLOB NOT NULL UNIQUE,
    public_key BLOB NOT NULL,                      -- COSE
    sign_count INTEGER NOT NULL,                   -- 0 for keys that do not count
    name TEXT NOT NULL,
    synced INTEGER NOT NULL,                       -- 1: may be on several devices; 0: bound to one
    transports TEXT NOT NULL,                      -- JSON list, a hint for browsers
    created_at_us INTEGER NOT NULL,
    last_used_at_us INTEGER,
    suspect_at_us INTEGER                          -- last time its counter did not grow: there may be a copy
) STRICT;
CREATE INDEX passkeys_of_author ON passkeys (author_id, created_at_us);
