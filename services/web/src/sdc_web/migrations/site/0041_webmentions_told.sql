-- Whether other sites are told that texts of this one lead to them. They are not, unless the author wants it.
ALTER TABLE site ADD COLUMN webmentions_out INTEGER NOT NULL DEFAULT 0 CHECK (webmentions_out IN (0, 1));

-- What a site outside was told, or is to be, of a link in a published text. The text may be gone: that is told, too.
CREATE TABLE webmentions_told (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    post_id TEXT NOT NULL,
    target TEXT NOT NULL,
    path TEXT NOT NULL,                            -- of the text, as it was told
    state TEXT NOT NULL CHECK (state IN ('waiting', 'told', 'removed', 'none', 'refused', 'failed')),
    was_told INTEGER NOT NULL DEFAULT 0,           -- the site heard of the link, and not yet that it is gone
    next_us INTEGER,                               -- there while it waits; during a try, when another process may try
    since_us INTEGER NOT NULL,                     -- it waits, or has waited
    tries INTEGER NOT NULL DEFAULT 0,              -- since then
    tried_at_us INTEGER,
    reason TEXT NOT NULL DEFAULT '',               -- of the last failed try, or why there is nothing to tell
    UNIQUE (post_id, target)
) STRICT;
CREATE INDEX webmentions_told_due ON webmentions_told (next_us) WHERE next_us IS NOT NULL;

-- A link that is new. No more than 2,000 wait. A text of long ago that was brought here today tells nobody.
CREATE TRIGGER webmentions_link_insert AFTER INSERT ON outward_links
WHEN (SELECT webmentions_out FROM site WHERE id = 1) = 1
    AND NOT EXISTS (SELECT 1 FROM webmentions_told WHERE next_us IS NOT NULL LIMIT 1 OFFSET 1999)
    AND NOT EXISTS (
        SELECT 1 FROM posts WHERE id = new.from_post_id AND published_at_us < created_at_us - 604800000000
            AND created_at_us > CAST(unixepoch('subsec') * 1000000 AS INTEGER) - 86400000000
    )
BEGIN
    INSERT INTO webmentions_told (post_id, target, path, state, next_us, since_us)
    SELECT id, new.url, CASE kind WHEN 'post' THEN '/posts/' WHEN 'project' THEN '/projects/' ELSE '/' END || slug,
        'waiting', CAST(unixepoch('subsec') * 1000000 AS INTEGER), CAST(unixepoch('subsec') * 1000000 AS INTEGER)
    FROM posts WHERE id = new.from_post_id
    ON CONFLICT (post_id, target) DO UPDATE SET state = 'waiting', tries = 0, reason = '',
        next_us = excluded.next_us, since_us = excluded.since_us
    WHERE state = 'removed';
END;

-- A text that readers see otherwise than before, or no more: all that its links told is told again.
CREATE TRIGGER webmentions_post_changed AFTER UPDATE ON posts
WHEN old.revision_id IS NOT NULL AND (new.revision_id IS NOT old.revision_id OR new.slug <> old.slug)
    AND (SELECT webmentions_out FROM site WHERE id = 1) = 1
BEGIN
    UPDATE webmentions_told SET state = 'waiting', tries = 0, reason = '',
        next_us = CAST(unixepoch('subsec') * 1000000 AS INTEGER), since_us = CAST(unixepoch('subsec') * 1000000 AS INTEGER)
    WHERE post_id = new.id AND state <> 'removed';
END;

CREATE TRIGGER webmentions_post_deleted BEFORE DELETE ON posts
BEGIN
    DELETE FROM webmentions_told WHERE post_id = old.id AND (state = 'removed' OR NOT was_told);
    UPDATE webmentions_told SET state = 'waiting', tries = 0, reason = '',
        next_us = CAST(unixepoch('subsec') * 1000000 AS INTEGER), since_us = CAST(unixepoch('subsec') * 1000000 AS INTEGER)
    WHERE post_id = old.id;
END;
