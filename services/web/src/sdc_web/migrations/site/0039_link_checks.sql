-- Where the published text of a post leads out of the site, in full but for what follows a #. Pages are not made of it.
CREATE TABLE outward_links (
    from_post_id TEXT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    url TEXT NOT NULL,
    PRIMARY KEY (from_post_id, url)
) STRICT, WITHOUT ROWID;
CREATE INDEX outward_links_to ON outward_links (url);

-- What was found there the last time, and when to look again. Of addresses of this site, `/posts/fog`, those that are dead.
CREATE TABLE link_checks (
    url TEXT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('ok', 'moved', 'doubtful', 'dead')),
    status INTEGER NOT NULL,                       -- of the answer, 0 where none came
    reason TEXT NOT NULL,                          -- in words, empty where all is well
    moved_to TEXT NOT NULL,                        -- where it leads on to for good, else empty
    etag TEXT NOT NULL,
    failures INTEGER NOT NULL,                     -- in a row
    failing_since_us INTEGER,
    checked_at_us INTEGER NOT NULL,
    next_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX link_checks_troubled ON link_checks (state, failing_since_us) WHERE state IN ('moved', 'dead');
