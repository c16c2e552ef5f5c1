-- Who is told of what changes, as long as a setting names them. A row is there while its setting is.
CREATE TABLE audiences (
    name TEXT PRIMARY KEY CHECK (name IN ('websub', 'indexnow')),
    next_at_us INTEGER NOT NULL DEFAULT 0,         -- told again no sooner; also keeps a second process away meanwhile
    failures INTEGER NOT NULL DEFAULT 0,           -- in a row
    reason TEXT NOT NULL DEFAULT '',               -- of the last failure, empty when the last try worked
    tried_at_us INTEGER,
    told_at_us INTEGER,                            -- the last time that it worked
    told INTEGER NOT NULL DEFAULT 0                -- addresses that were told then
) STRICT;

-- Addresses whose content changed and that an audience has yet to hear of. A further change is a new row with a new id,
-- so that what is deleted once it was told is what was told, and nothing newer.
CREATE TABLE announcements (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    audience TEXT NOT NULL REFERENCES audiences (name) ON DELETE CASCADE,
    path TEXT NOT NULL,
    post_id TEXT NOT NULL,
    since_us INTEGER NOT NULL,
    UNIQUE (audience, path)
) STRICT;

CREATE TRIGGER announcements_post_insert AFTER INSERT ON posts WHEN new.revision_id IS NOT NULL
BEGIN
    INSERT OR REPLACE INTO announcements (audience, path, post_id, since_us)
    SELECT name, CASE new.kind WHEN 'post' THEN '/posts/' WHEN 'project' THEN '/projects/' ELSE '/' END || new.slug,
        new.id, CAST(unixepoch('subsec') * 1000000 AS INTEGER)
    FROM audiences WHERE name <> 'websub' OR new.kind = 'post';
END;

CREATE TRIGGER announcements_post_published AFTER UPDATE ON posts
WHEN new.revision_id IS NOT NULL AND (new.revision_id IS NOT old.revision_id OR new.slug <> old.slug)
BEGIN
    INSERT OR REPLACE INTO announcements (audience, path, post_id, since_us)
    SELECT name, CASE new.kind WHEN 'post' THEN '/posts/' WHEN 'project' THEN '/projects/' ELSE '/' END || new.slug,
        new.id, CAST(unixepoch('subsec') * 1000000 AS INTEGER)
    FROM audiences WHERE name <> 'websub' OR new.kind = 'post';
END;

-- The old address of what was withdrawn, or moved.
CREATE TRIGGER announcements_post_gone AFTER UPDATE ON posts
WHEN old.revision_id IS NOT NULL AND (new.revision_id IS NULL OR new.slug <> old.slug)
BEGIN
    INSERT OR REPLACE INTO announcements (audience, path, post_id, since_us)
    SELECT name, CASE old.kind WHEN 'post' THEN '/posts/' WHEN 'project' THEN '/projects/' ELSE '/' END || old.slug,
        old.id, CAST(unixepoch('subsec') * 1000000 AS INTEGER)
    FROM audiences WHERE name <> 'websub' OR old.kind = 'post';
END;

CREATE TRIGGER announcements_post_delete AFTER DELETE ON posts WHEN old.revision_id IS NOT NULL
BEGIN
    INSERT OR REPLACE INTO announcements (audience, path, post_id, since_us)
    SELECT name, CASE old.kind WHEN 'post' THEN '/posts/' WHEN 'project' THEN '/projects/' ELSE '/' END || old.slug,
        old.id, CAST(unixepoch('subsec') * 1000000 AS INTEGER)
    FROM audiences WHERE name <> 'websub' OR old.kind = 'post';
END;
