-- Secret links to drafts. They end, and one that was taken back must not return with a restored backup.
CREATE TABLE preview_links (
    id TEXT PRIMARY KEY,                           -- what the author's list shows and revokes by
    token_sha256 TEXT NOT NULL UNIQUE,
    post_id TEXT NOT NULL,
    revision_id TEXT,                              -- NULL: the newest one at each look
    author_id TEXT NOT NULL,
    note TEXT NOT NULL,                            -- for whom
    created_at_us INTEGER NOT NULL,
    expires_at_us INTEGER NOT NULL,
    views INTEGER NOT NULL DEFAULT 0,
    viewed_at_us INTEGER
) STRICT;
CREATE INDEX preview_links_of_post ON preview_links (post_id, created_at_us);
CREATE INDEX preview_links_expiry ON preview_links (expires_at_us);
