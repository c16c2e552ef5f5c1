-- Whether other sites may tell this one that they lead to it. They may not, unless the author wants it.
ALTER TABLE site ADD COLUMN webmentions_in INTEGER NOT NULL DEFAULT 0 CHECK (webmentions_in IN (0, 1));

-- Pages of other sites that lead to a text of this one, as they told it, and as was found when they were looked at.
CREATE TABLE webmentions (
    id TEXT PRIMARY KEY,
    post_id TEXT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    source TEXT NOT NULL,
    target TEXT NOT NULL,                          -- the address of the text, as it was told
    host TEXT NOT NULL,                            -- of the source, in small letters
    state TEXT NOT NULL CHECK (state IN ('new', 'waiting', 'accepted', 'refused', 'failed')),
    kind TEXT NOT NULL DEFAULT 'mention' CHECK (kind IN ('mention', 'reply', 'like', 'repost', 'bookmark')),
    author_name TEXT NOT NULL DEFAULT '',
    author_url TEXT NOT NULL DEFAULT '',
    title TEXT NOT NULL DEFAULT '',
    words TEXT NOT NULL DEFAULT '',                -- plain, the beginning of what it says
    asked_at_us INTEGER NOT NULL,                  -- the last time that it was told
    looked_at_us INTEGER,                          -- the last time that the source answered
    next_us INTEGER,                               -- there while it is to be looked at; then, when another process may
    tries INTEGER NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT '',               -- why the last look found nothing
    UNIQUE (source, post_id)
) STRICT;
CREATE INDEX webmentions_due ON webmentions (next_us) WHERE next_us IS NOT NULL;
CREATE INDEX webmentions_of_post ON webmentions (post_id, asked_at_us DESC) WHERE state = 'accepted';
CREATE INDEX webmentions_by_state ON webmentions (state, id);
CREATE INDEX webmentions_asked ON webmentions (asked_at_us);
CREATE INDEX webmentions_of_host ON webmentions (host, asked_at_us);

-- Hosts that may tell nothing any more.
CREATE TABLE webmention_blocks (
    host TEXT PRIMARY KEY,
    at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER generation_webmentions_insert AFTER INSERT ON webmentions WHEN new.state = 'accepted'
    BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER generation_webmentions_update
AFTER UPDATE OF state, kind, source, author_name, author_url, title, words ON webmentions
WHEN old.state = 'accepted' OR new.state = 'accepted'
    BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER generation_webmentions_delete AFTER DELETE ON webmentions WHEN old.state = 'accepted'
    BEGIN UPDATE generation SET n = n + 1; END;
