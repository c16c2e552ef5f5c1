-- What a text was: a revision may have a name of the author's, and is kept for it; `begun_at_us` is when the first
-- words of it were saved, `saved_at_us` the last.
ALTER TABLE revisions ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE revisions ADD COLUMN begun_at_us INTEGER NOT NULL DEFAULT 0;
UPDATE revisions SET begun_at_us = saved_at_us;

-- Old revisions are thinned out, and each that goes is looked for among what refers to it.
CREATE INDEX posts_of_revision ON posts (revision_id);

-- A change that is left gives its place to what readers see: which revision is the newest, its number alone may say.
DROP TRIGGER catalogue_revision_update;
CREATE TRIGGER catalogue_revision_update AFTER UPDATE OF number, title, body, tags, series, saved_at_us ON revisions BEGIN
    INSERT INTO catalogue (post_id, author_id, kind, state, title, tags, series, words, saved_at_us, published_at_us)
    SELECT post_id, author_id, kind, state, title, tags, series, words, saved_at_us, published_at_us
    FROM catalogue_now WHERE post_id = new.post_id
    ON CONFLICT (post_id) DO UPDATE SET author_id = excluded.author_id, kind = excluded.kind, state = excluded.state,
        title = excluded.title, tags = excluded.tags, series = excluded.series, words = excluded.words,
        saved_at_us = excluded.saved_at_us, published_at_us = excluded.published_at_us;
END;
