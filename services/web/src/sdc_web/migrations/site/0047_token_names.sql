-- A name is one author's: whoever makes a token learns nothing of the names that others chose.
CREATE TABLE api_tokens_now (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    scope TEXT NOT NULL CHECK (scope <> ''),
    token_sha256 TEXT NOT NULL UNIQUE,
    author_id TEXT NOT NULL REFERENCES authors (id) ON DELETE CASCADE,
    created_at_us INTEGER NOT NULL,
    last_used_at_us INTEGER,                       -- to the hour
    expires_at_us INTEGER,                         -- NULL: never
    UNIQUE (name, author_id)
) STRICT;
INSERT INTO api_tokens_now (
    id, name, scope, token_sha256, author_id, created_at_us, last_used_at_us, expires_at_us
)
SELECT id, name, scope, token_sha256, author_id, created_at_us, last_used_at_us, expires_at_us FROM api_tokens;
DROP TABLE api_tokens;
ALTER TABLE api_tokens_now RENAME TO api_tokens;
