-- What the author's list shows and filters: the newest revision of each text in short, beside its state. Kept by triggers, so
-- whoever writes posts or revisions keeps it as well, and made of both alone. No page that readers see is made of it.
CREATE TABLE catalogue (
    id INTEGER PRIMARY KEY,
    post_id TEXT NOT NULL UNIQUE REFERENCES posts (id) ON DELETE CASCADE,
    author_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,                           -- sdc_web.posts.records.State
    title TEXT NOT NULL,
    tags TEXT NOT NULL,                            -- JSON list of names
    series TEXT NOT NULL COLLATE NOCASE,
    words INTEGER NOT NULL,                        -- of the Markdown, counted by the gaps between them
    saved_at_us INTEGER NOT NULL,
    published_at_us INTEGER NOT NULL               -- 0: never
) STRICT;
CREATE INDEX catalogue_by_saved ON catalogue (saved_at_us, post_id);
CREATE INDEX catalogue_by_published ON catalogue (published_at_us, post_id);
CREATE INDEX catalogue_by_title ON catalogue (title COLLATE NOCASE, post_id);
CREATE INDEX catalogue_by_state ON catalogue (state, saved_at_us, post_id);
CREATE INDEX catalogue_by_series ON catalogue (series) WHERE series <> '';

CREATE TABLE catalogue_tags (
    tag TEXT NOT NULL,
    id INTEGER NOT NULL REFERENCES catalogue (id) ON DELETE CASCADE,
    PRIMARY KEY (tag, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX catalogue_tags_of ON catalogue_tags (id);

-- Titles by any three letters in a row, whatever their case and their accents.
CREATE VIRTUAL TABLE catalogue_titles USING fts5 (
    title, content = 'catalogue', content_rowid = 'id', tokenize = 'trigram remove_diacritics 1'
);

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
WHERE newest.number = (SELECT max(number) FROM revisions WHERE post_id = posts.id);

CREATE TRIGGER catalogue_insert AFTER INSERT ON catalogue BEGIN
    INSERT INTO catalogue_titles (rowid, title) VALUES (new.id, new.title);
    INSERT OR IGNORE INTO catalogue_tags (tag, id) SELECT value, new.id FROM json_each(new.tags);
END;
CREATE TRIGGER catalogue_update_title AFTER UPDATE OF title ON catalogue WHEN new.title <> old.title BEGIN
    INSERT INTO catalogue_titles (catalogue_titles, rowid, title) VALUES ('delete', old.id, old.title);
    INSERT INTO catalogue_titles (rowid, title) VALUES (new.id, new.title);
END;
CREATE TRIGGER catalogue_update_tags AFTER UPDATE OF tags ON catalogue WHEN new.tags <> old.tags BEGIN
    DELETE FROM catalogue_tags WHERE id = new.id;
    INSERT OR IGNORE INTO catalogue_tags (tag, id) SELECT value, new.id FROM json_each(new.tags);
END;
CREATE TRIGGER catalogue_delete AFTER DELETE ON catalogue BEGIN
    INSERT INTO catalogue_titles (catalogue_titles, rowid, title) VALUES ('delete', old.id, old.title);
END;

INSERT INTO catalogue (post_id, author_id, kind, state, title, tags, series, words, saved_at_us, published_at_us)
SELECT post_id, author_id, kind, state, title, tags, series, words, saved_at_us, published_at_us FROM catalogue_now;

CREATE TRIGGER catalogue_revision_insert AFTER INSERT ON revisions BEGIN
    INSERT INTO catalogue (post_id, author_id, kind, state, title, tags, series, words, saved_at_us, published_at_us)
    SELECT post_id, author_id, kind, state, title, tags, series, words, saved_at_us, published_at_us
    FROM catalogue_now WHERE post_id = new.post_id
    ON CONFLICT (post_id) DO UPDATE SET author_id = excluded.author_id, kind = excluded.kind, state = excluded.state,
        title = excluded.title, tags = excluded.tags, series = excluded.series, words = excluded.words,
        saved_at_us = excluded.saved_at_us, published_at_us = excluded.published_at_us;
END;
CREATE TRIGGER catalogue_revision_update AFTER UPDATE OF title, body, tags, series, saved_at_us ON revisions BEGIN
    INSERT INTO catalogue (post_id, author_id, kind, state, title, tags, series, words, saved_at_us, published_at_us)
    SELECT post_id, author_id, kind, state, title, tags, series, words, saved_at_us, published_at_us
    FROM catalogue_now WHERE post_id = new.post_id
    ON CONFLICT (post_id) DO UPDATE SET author_id = excluded.author_id, kind = excluded.kind, state = excluded.state,
        title = excluded.title, tags = excluded.tags, series = excluded.series, words = excluded.words,
        saved_at_us = excluded.saved_at_us, published_at_us = excluded.published_at_us;
END;
CREATE TRIGGER catalogue_revision_delete AFTER DELETE ON revisions BEGIN
    INSERT INTO catalogue (post_id, author_id, kind, state, title, tags, series, words, saved_at_us, published_at_us)
    SELECT post_id, author_id, kind, state, title, tags, series, words, saved_at_us, published_at_us
    FROM catalogue_now WHERE post_id = old.post_id
    ON CONFLICT (post_id) DO UPDATE SET author_id = excluded.author_id, kind = excluded.kind, state = excluded.state,
        title = excluded.title, tags = excluded.tags, series = excluded.series, words = excluded.words,
        saved_at_us = excluded.saved_at_us, published_at_us = excluded.published_at_us;
END;
CREATE TRIGGER catalogue_post_update AFTER UPDATE OF author_id, kind, revision_id, published_at_us, scheduled_at_us ON posts BEGIN
    INSERT INTO catalogue (post_id, author_id, kind, state, title, tags, series, words, saved_at_us, published_at_us)
    SELECT post_id, author_id, kind, state, title, tags, series, words, saved_at_us, published_at_us
    FROM catalogue_now WHERE post_id = new.id
    ON CONFLICT (post_id) DO UPDATE SET author_id = excluded.author_id, kind = excluded.kind, state = excluded.state,
        title = excluded.title, tags = excluded.tags, series = excluded.series, words = excluded.words,
        saved_at_us = excluded.saved_at_us, published_at_us = excluded.published_at_us;
END;
