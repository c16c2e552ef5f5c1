-- Browsers in which an author has signed in: a sign-in from another one is told, and only their own failures make them wait.
CREATE TABLE devices (
    token_sha256 TEXT NOT NULL,                    -- of a cookie's value, which is stored nowhere
    author_id TEXT NOT NULL,
    expires_at_us INTEGER NOT NULL,
    PRIMARY KEY (token_sha256, author_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX devices_of_author ON devices (author_id);
CREATE INDEX devices_expiry ON devices (expires_at_us);

ALTER TABLE sessions ADD COLUMN way TEXT NOT NULL DEFAULT '';                 -- passkey, password, link, ...
ALTER TABLE sessions ADD COLUMN seen_at_us INTEGER NOT NULL DEFAULT 0;        -- last request, to ten minutes
ALTER TABLE sessions ADD COLUMN seen_country TEXT NOT NULL DEFAULT '';        -- where that came from
ALTER TABLE sessions ADD COLUMN unknown_device INTEGER NOT NULL DEFAULT 0;    -- 1 until an older session has seen it told
ALTER TABLE sessions ADD COLUMN told_until_us INTEGER NOT NULL DEFAULT 0;     -- sign-ins up to then are told no more here
UPDATE sessions SET seen_at_us = refreshed_at_us, seen_country = country;
CREATE INDEX sessions_of_author ON sessions (author_id, refreshed_at_us);
