-- What stands beside a password, or in place of it.

-- The secret that an author's app makes codes of: AES-256-GCM under a key that is in no database and no backup.
CREATE TABLE totp_secrets (
    author_id TEXT PRIMARY KEY REFERENCES authors (id) ON DELETE CASCADE,
    sealed BLOB NOT NULL,
    last_step INTEGER NOT NULL,                    -- of 30 s since the epoch: only a later one's code is taken
    made_at_us INTEGER NOT NULL
) STRICT;

-- Codes for the bad day. 120 random bits each, so a plain SHA-256 keeps them.
CREATE TABLE recovery_codes (
    code_sha256 TEXT PRIMARY KEY,
    author_id TEXT NOT NULL REFERENCES authors (id) ON DELETE CASCADE,
    made_at_us INTEGER NOT NULL,                   -- the same for a whole set
    used_at_us INTEGER
) STRICT;
CREATE INDEX recovery_codes_of_author ON recovery_codes (author_id);

-- One account at GitHub for each author, known by its number: names there change hands.
CREATE TABLE github_accounts (
    github_id INTEGER PRIMARY KEY,
    author_id TEXT NOT NULL UNIQUE REFERENCES authors (id) ON DELETE CASCADE,
    login TEXT NOT NULL,                           -- as it was when last seen, to be read by people
    linked_at_us INTEGER NOT NULL,
    used_at_us INTEGER
) STRICT;
