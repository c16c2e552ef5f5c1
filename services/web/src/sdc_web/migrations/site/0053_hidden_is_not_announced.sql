-- Search engines are not told of what they are asked to leave out; of what is withdrawn they are.
DROP TRIGGER announcements_post_insert;
DROP TRIGGER announcements_post_published;

CREATE TRIGGER announcements_post_insert AFTER INSERT ON posts WHEN new.revision_id IS NOT NULL
BEGIN
    INSERT OR REPLACE INTO announcements (audience, path, post_id, since_us)
    SELECT name, CASE new.kind WHEN 'post' THEN '/posts/' WHEN 'project' THEN '/projects/' ELSE '/' END || new.slug,
        new.id, CAST(unixepoch('subsec') * 1000000 AS INTEGER)
    FROM audiences WHERE (name <> 'websub' OR new.kind = 'post') AND (name <> 'indexnow' OR new.noindex = 0);
END;

CREATE TRIGGER announcements_post_published AFTER UPDATE ON posts
WHEN new.revision_id IS NOT NULL AND (new.revision_id IS NOT old.revision_id OR new.slug <> old.slug)
BEGIN
    INSERT OR REPLACE INTO announcements (audience, path, post_id, since_us)
    SELECT name, CASE new.kind WHEN 'post' THEN '/posts/' WHEN 'project' THEN '/projects/' ELSE '/' END || new.slug,
        new.id, CAST(unixepoch('subsec') * 1000000 AS INTEGER)
    FROM audiences WHERE (name <> 'websub' OR new.kind = 'post') AND (name <> 'indexnow' OR new.noindex = 0);
END;
