-- Requests of the API that came with an Idempotency-Key, and what they were answered.
CREATE TABLE idempotency_keys (
    key_sha256 TEXT PRIMARY KEY,                   -- of the token's id and the key
    token_id TEXT NOT NULL,
    request_sha256 TEXT NOT NULL,                  -- a key stands for one request
    made_id TEXT NOT NULL,                         -- what the request makes has this id, however often it is tried
    status INTEGER,                                -- NULL while it is being done
    headers TEXT,                                  -- JSON
    answer BLOB,
    answer_bytes INTEGER NOT NULL DEFAULT 0,
    started_at_us INTEGER NOT NULL,                -- 0 when a try ended without an answer
    expires_at_us INTEGER NOT NULL
) STRICT;
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at_us);
CREATE INDEX idempotency_keys_of_token ON idempotency_keys (token_id, expires_at_us, answer_bytes);
