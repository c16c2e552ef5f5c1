-- Challenges that a passkey answers: good once, for five minutes, for whoever asked for them.
CREATE TABLE ceremonies (
    challenge_sha256 TEXT PRIMARY KEY,
    purpose TEXT NOT NULL,
    holder TEXT NOT NULL,                          -- SHA-256 of the session's id, or of the ceremony cookie
    author_id TEXT NOT NULL,                       -- whose key it is to be; empty where the key will tell
    origin TEXT NOT NULL,                          -- a digest of the address: bounds how many one may hold
    expires_at_us INTEGER NOT NULL
) STRICT;
CREATE INDEX ceremonies_of_origin ON ceremonies (origin, expires_at_us);
CREATE INDEX ceremonies_expiry ON ceremonies (expires_at_us);
