-- Who hears of a text can tell of it without asking for it first: its words in short, its tags, its language, who wrote
-- it and since when it is out; and where it was before, when its address has changed.
DROP VIEW told_posts;
CREATE VIEW told_posts AS
    SELECT posts.id, revision_id, json_object('id', posts.id, 'kind', posts.kind, 'title', coalesce(revisions.title, ''),
        'url', CASE posts.kind WHEN 'post' THEN '/posts/' WHEN 'project' THEN '/projects/' ELSE '/' END || posts.slug,
        'summary', coalesce(revisions.summary, ''), 'tags', json(coalesce(revisions.tags, '[]')),
        'language', coalesce(revisions.language, ''), 'author', coalesce(authors.display_name, ''),
        'published_at', strftime('%Y-%m-%dT%H:%M:%SZ', posts.published_at_us / 1000000, 'unixepoch')) AS data
    FROM posts LEFT JOIN revisions ON revisions.id = posts.revision_id LEFT JOIN authors ON authors.id = posts.author_id;

DROP TRIGGER messages_post_changed;
CREATE TRIGGER messages_post_changed AFTER UPDATE ON posts
WHEN old.revision_id IS NOT NULL AND new.revision_id IS NOT NULL
    AND (old.revision_id <> new.revision_id OR old.slug <> new.slug OR old.published_at_us IS NOT new.published_at_us)
BEGIN
    INSERT INTO messages (id, type, data, at_us)
    SELECT 'msg_' || lower(hex(randomblob(16))), type, iif(old.slug = new.slug, data, json_set(data, '$.previous_url',
        CASE old.kind WHEN 'post' THEN '/posts/' WHEN 'project' THEN '/projects/' ELSE '/' END || old.slug)),
        CAST(unixepoch('subsec') * 1000000 AS INTEGER)
    FROM wanted_types, told_posts WHERE type = 'post.changed' AND told_posts.id = new.id;
END;
