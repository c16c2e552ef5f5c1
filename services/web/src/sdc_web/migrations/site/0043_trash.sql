-- Texts in the trash: no reader and no list of their author's has them. In `posts` such a text is an unpublished one whose
-- address is free for others; here stands what it was, should it come back.
CREATE TABLE trashed_posts (
    post_id TEXT PRIMARY KEY REFERENCES posts (id) ON DELETE CASCADE,
    trashed_at_us INTEGER NOT NULL,
    by_name TEXT NOT NULL,                         -- who did it, as they were called then
    slug TEXT NOT NULL,
    revision_id TEXT,                              -- what readers saw
    scheduled_at_us INTEGER,
    unpublish_at_us INTEGER
) STRICT;
CREATE INDEX trashed_posts_by_age ON trashed_posts (trashed_at_us, post_id);

DROP VIEW catalogue_now;
CREATE VIEW catalogue_now AS
SELECT posts.id AS post_id, posts.author_id, posts.kind,
    CASE
        WHEN posts.scheduled_at_us IS NOT NULL THEN 'scheduled'
        WHEN posts.revision_id IS NULL THEN 'draft'
        WHEN posts.revision_id = newest.id THEN 'published'
        ELSE 'changed'
    END AS state,
    newest.title, newest.tags, newest.series,
    (
        SELECT CASE text WHEN '' THEN 0 ELSE 1 + length(text) - length(replace(replace(text, ' ', ''), char(10), '')) END
        FROM (SELECT replace(trim(newest.body, char(32, 10)), char(10, 10), char(10)) AS text)
    ) AS words,
    newest.saved_at_us, coalesce(posts.published_at_us, 0) AS published_at_us
FROM posts JOIN revisions AS newest ON newest.post_id = posts.id
WHERE newest.number = (SELECT max(number) FROM revisions WHERE post_id = posts.id)
    AND NOT EXISTS (SELECT 1 FROM trashed_posts WHERE trashed_posts.post_id = posts.id);

CREATE TRIGGER catalogue_post_trashed AFTER INSERT ON trashed_posts BEGIN
    DELETE FROM catalogue WHERE post_id = new.post_id;
END;
CREATE TRIGGER catalogue_post_back AFTER DELETE ON trashed_posts BEGIN
    INSERT INTO catalogue (post_id, author_id, kind, state, title, tags, series, words, saved_at_us, published_at_us)
    SELECT post_id, author_id, kind, state, title, tags, series, words, saved_at_us, published_at_us
    FROM catalogue_now WHERE post_id = old.post_id;
END;

-- Addresses at which readers once found a text, and find none any more: they answer 410, not 404. Kept by triggers, so that
-- whoever takes a text away need not think of it. Old addresses of a text that is there still are among its redirects.
CREATE TABLE gone_addresses (
    path TEXT PRIMARY KEY,
    since_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO gone_addresses (path, since_us)
    SELECT CASE kind WHEN 'post' THEN '/posts/' WHEN 'project' THEN '/projects/' ELSE '/' END || slug,
        CAST(unixepoch('subsec') * 1000000 AS INTEGER)
    FROM posts WHERE revision_id IS NULL AND published_at_us IS NOT NULL;

CREATE TRIGGER gone_addresses_withdrawn AFTER UPDATE OF revision_id ON posts
WHEN old.revision_id IS NOT NULL AND new.revision_id IS NULL
BEGIN
    INSERT OR IGNORE INTO gone_addresses (path, since_us)
    SELECT CASE old.kind WHEN 'post' THEN '/posts/' WHEN 'project' THEN '/projects/' ELSE '/' END || old.slug,
        CAST(unixepoch('subsec') * 1000000 AS INTEGER);
END;
CREATE TRIGGER gone_addresses_deleted BEFORE DELETE ON posts WHEN old.published_at_us IS NOT NULL
BEGIN
    INSERT OR IGNORE INTO gone_addresses (path, since_us)
    SELECT path, CAST(unixepoch('subsec') * 1000000 AS INTEGER) FROM redirects WHERE post_id = old.id
    UNION SELECT CASE old.kind WHEN 'post' THEN '/posts/' WHEN 'project' THEN '/projects/' ELSE '/' END || old.slug,
        CAST(unixepoch('subsec') * 1000000 AS INTEGER) WHERE old.revision_id IS NOT NULL;
END;
CREATE TRIGGER gone_addresses_taken AFTER UPDATE OF revision_id, slug ON posts WHEN new.revision_id IS NOT NULL
BEGIN
    DELETE FROM gone_addresses
    WHERE path = CASE new.kind WHEN 'post' THEN '/posts/' WHEN 'project' THEN '/projects/' ELSE '/' END || new.slug;
END;
CREATE TRIGGER gone_addresses_taken_by_new AFTER INSERT ON posts WHEN new.revision_id IS NOT NULL
BEGIN
    DELETE FROM gone_addresses
    WHERE path = CASE new.kind WHEN 'post' THEN '/posts/' WHEN 'project' THEN '/projects/' ELSE '/' END || new.slug;
END;
