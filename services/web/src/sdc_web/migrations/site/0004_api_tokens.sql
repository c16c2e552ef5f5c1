-- What programs show to use the API. A token itself is kept nowhere, only its SHA-256.
CREATE TABLE api_tokens (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    scope TEXT NOT NULL CHECK (scope IN ('read', 'write')),
    token_sha256 TEXT NOT NULL UNIQUE,
    author_id TEXT NOT NULL REFERENCES authors (id) ON DELETE CASCADE,
    created_at_us INTEGER NOT NULL,
    last_used_at_us INTEGER,                       -- to the hour
    expires_at_us INTEGER                          -- NULL: never
) STRICT;
