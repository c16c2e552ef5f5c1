-- What readers saw stays as it was, whoever writes here. It goes only with its post, when that is deleted for good. Not of
-- it: its place among the others, its name, its HTML, and the names of tags, series and translations, which follow theirs.
CREATE TRIGGER revisions_stay
BEFORE UPDATE OF id, post_id, title, slug, summary, body, cover_asset_id, saved_at_us, author_id, project, language,
    canonical_url, dated_at_us, begun_at_us, published_at_us ON revisions
WHEN old.published_at_us IS NOT NULL
    AND (old.id, old.post_id, old.title, old.slug, old.summary, old.body, old.cover_asset_id, old.saved_at_us, old.author_id,
        old.project, old.language, old.canonical_url, old.dated_at_us, old.begun_at_us, old.published_at_us)
    IS NOT (new.id, new.post_id, new.title, new.slug, new.summary, new.body, new.cover_asset_id, new.saved_at_us, new.author_id,
        new.project, new.language, new.canonical_url, new.dated_at_us, new.begun_at_us, new.published_at_us)
BEGIN SELECT RAISE(ABORT, 'a published revision never changes'); END;

CREATE TRIGGER revisions_are_kept BEFORE DELETE ON revisions
WHEN old.published_at_us IS NOT NULL AND EXISTS (SELECT 1 FROM posts WHERE id = old.post_id)
BEGIN SELECT RAISE(ABORT, 'a published revision never changes'); END;

-- `INSERT OR REPLACE` fires no trigger of a deletion.
CREATE TRIGGER revisions_are_not_replaced BEFORE INSERT ON revisions
WHEN EXISTS (
    SELECT 1 FROM revisions
    WHERE (id = new.id OR (post_id = new.post_id AND number = new.number)) AND published_at_us IS NOT NULL
)
BEGIN SELECT RAISE(ABORT, 'a published revision never changes'); END;
