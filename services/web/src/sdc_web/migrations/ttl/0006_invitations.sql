-- Links by which somebody becomes an author, once. The token itself is kept nowhere.
CREATE TABLE invitations (
    id TEXT PRIMARY KEY,
    token_sha256 TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL CHECK (role IN ('owner', 'author', 'viewer')),
    whom TEXT NOT NULL,                            -- a note for those who invite
    made_by_id TEXT NOT NULL,
    made_by_name TEXT NOT NULL,                    -- as readers see it
    created_at_us INTEGER NOT NULL,
    expires_at_us INTEGER NOT NULL
) STRICT;
CREATE INDEX invitations_expiry ON invitations (expires_at_us);
