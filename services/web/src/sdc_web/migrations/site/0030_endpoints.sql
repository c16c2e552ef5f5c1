-- Where messages of what happens here go, by the author's wish.
CREATE TABLE endpoints (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    types TEXT NOT NULL,                           -- JSON list of sdc_web.endpoints.records.Type
    secret BLOB NOT NULL,                          -- sealed
    former_secret BLOB,                            -- signs too until then
    former_until_us INTEGER,
    state TEXT NOT NULL CHECK (state IN ('on', 'paused', 'disabled')),
    reason TEXT NOT NULL DEFAULT '',               -- why it was disabled, or what the last failed attempt met
    failures INTEGER NOT NULL DEFAULT 0,           -- attempts since the last one that worked
    failing_since_us INTEGER,                      -- the first of them
    created_at_us INTEGER NOT NULL
) STRICT;

-- What happened, once for all endpoints: written by triggers in the transaction that makes it so.
CREATE TABLE messages (
    id TEXT PRIMARY KEY,                           -- the webhook id
    type TEXT NOT NULL,
    data TEXT NOT NULL,                            -- JSON; the `url` of a text is made whole when it is sent
    at_us INTEGER NOT NULL
) STRICT;
CREATE INDEX messages_oldest ON messages (at_us);

-- A message for an endpoint. `next_us` is there while it waits; during an attempt it says when another process may try.
CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id TEXT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    endpoint_id TEXT NOT NULL REFERENCES endpoints (id) ON DELETE CASCADE,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'failed', 'held_back')),
    next_us INTEGER,
    tries INTEGER NOT NULL DEFAULT 0,              -- since it was queued or replayed: how far the schedule is
    attempts INTEGER NOT NULL DEFAULT 0,           -- ever
    reason TEXT NOT NULL DEFAULT '',               -- of the last failed attempt
    UNIQUE (message_id, endpoint_id)
) STRICT;
CREATE INDEX deliveries_due ON deliveries (endpoint_id, next_us) WHERE next_us IS NOT NULL;
CREATE INDEX deliveries_of_endpoint ON deliveries (endpoint_id, id);

CREATE TABLE attempts (
    delivery_id INTEGER NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    at_us INTEGER NOT NULL,
    status INTEGER NOT NULL,                       -- 0: no answer
    error TEXT NOT NULL,                           -- why not, empty for 2xx
    answer TEXT NOT NULL,                          -- its beginning, at most 2 kB
    duration_us INTEGER NOT NULL,
    PRIMARY KEY (delivery_id, number)
) STRICT, WITHOUT ROWID;

-- One delivery for each endpoint that asked for the type. The queue of an endpoint holds 10,000: what is more is noted
-- and can be replayed, but is not sent by itself.
CREATE TRIGGER messages_queue AFTER INSERT ON messages BEGIN
    INSERT INTO deliveries (message_id, endpoint_id, state, next_us, reason)
    SELECT new.id, id, iif(is_full, 'held_back', 'waiting'), iif(is_full, NULL, new.at_us),
        iif(is_full, '10,000 messages were waiting for it already', '')
    FROM (
        SELECT id, (
            SELECT count(*) FROM deliveries WHERE deliveries.endpoint_id = endpoints.id AND next_us IS NOT NULL
        ) >= 10000 AS is_full
        FROM endpoints WHERE EXISTS (SELECT 1 FROM json_each(endpoints.types) WHERE value = new.type)
    );
END;

CREATE VIEW wanted_types AS SELECT DISTINCT value AS type FROM endpoints, json_each(endpoints.types);

-- How a message tells of a text.
CREATE VIEW told_posts AS
    SELECT posts.id, revision_id, json_object('id', posts.id, 'kind', posts.kind, 'title', coalesce(revisions.title, ''),
        'url', CASE posts.kind WHEN 'post' THEN '/posts/' WHEN 'project' THEN '/projects/' ELSE '/' END || posts.slug) AS data
    FROM posts LEFT JOIN revisions ON revisions.id = posts.revision_id;

CREATE TRIGGER messages_post_published AFTER UPDATE ON posts
WHEN old.revision_id IS NULL AND new.revision_id IS NOT NULL
BEGIN
    INSERT INTO messages (id, type, data, at_us)
    SELECT 'msg_' || lower(hex(randomblob(16))), type, data, CAST(unixepoch('subsec') * 1000000 AS INTEGER)
    FROM wanted_types, told_posts WHERE type = 'post.published' AND told_posts.id = new.id;
END;

CREATE TRIGGER messages_post_changed AFTER UPDATE ON posts
WHEN old.revision_id IS NOT NULL AND new.revision_id IS NOT NULL
    AND (old.revision_id <> new.revision_id OR old.slug <> new.slug OR old.published_at_us IS NOT new.published_at_us)
BEGIN
    INSERT INTO messages (id, type, data, at_us)
    SELECT 'msg_' || lower(hex(randomblob(16))), type, data, CAST(unixepoch('subsec') * 1000000 AS INTEGER)
    FROM wanted_types, told_posts WHERE type = 'post.changed' AND told_posts.id = new.id;
END;

-- As it was: before, for the words of a deleted text go with it.
CREATE TRIGGER messages_post_withdrawn BEFORE UPDATE ON posts
WHEN old.revision_id IS NOT NULL AND new.revision_id IS NULL
BEGIN
    INSERT INTO messages (id, type, data, at_us)
    SELECT 'msg_' || lower(hex(randomblob(16))), type, data, CAST(unixepoch('subsec') * 1000000 AS INTEGER)
    FROM wanted_types, told_posts WHERE type = 'post.withdrawn' AND told_posts.id = old.id;
END;
CREATE TRIGGER messages_post_deleted BEFORE DELETE ON posts WHEN old.revision_id IS NOT NULL
BEGIN
    INSERT INTO messages (id, type, data, at_us)
    SELECT 'msg_' || lower(hex(randomblob(16))), type, data, CAST(unixepoch('subsec') * 1000000 AS INTEGER)
    FROM wanted_types, told_posts WHERE type = 'post.withdrawn' AND told_posts.id = old.id;
END;

CREATE TRIGGER messages_media_ready AFTER UPDATE OF state, manifest ON media_assets
WHEN new.state = 'ready' AND (old.state <> 'ready' OR old.manifest IS NOT new.manifest)
BEGIN
    INSERT INTO messages (id, type, data, at_us)
    SELECT 'msg_' || lower(hex(randomblob(16))), type, json_object('id', new.id, 'file_name', new.file_name,
        'content_type', new.content_type, 'size_bytes', new.size_bytes), CAST(unixepoch('subsec') * 1000000 AS INTEGER)
    FROM wanted_types WHERE type = 'media.ready';
END;
