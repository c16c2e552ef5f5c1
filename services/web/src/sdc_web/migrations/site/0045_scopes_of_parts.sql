-- A token may have several scopes, each for a part of the site: they stand between spaces.
CREATE TABLE api_tokens_now (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    scope TEXT NOT NULL CHECK (scope <> ''),
    token_sha256 TEXT NOT NULL UNIQUE,
    author_id TEXT NOT NULL REFERENCES authors (id) ON DELETE CASCADE,
    created_at_us INTEGER NOT NULL,
    last_used_at_us INTEGER,                       -- to the hour
    expires_at_us INTEGER                          -- NULL: never
) STRICT;
INSERT INTO api_tokens_now (
    id, name, scope, token_sha256, author_id, created_at_us, last_used_at_us, expires_at_us
)
SELECT id, name, scope, token_sha256, author_id, created_at_us, last_used_at_us, expires_at_us FROM api_tokens;
DROP TABLE api_tokens;
ALTER TABLE api_tokens_now RENAME TO api_tokens;
