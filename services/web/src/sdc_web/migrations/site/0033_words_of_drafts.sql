-- The words of texts that readers do not see as they are, for their author's search: newest revisions, taken once nobody
-- has saved them for a while.
CREATE VIRTUAL TABLE draft_words USING fts5 (
    summary, body, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);
CREATE TABLE drafts_to_read (
    id INTEGER PRIMARY KEY REFERENCES catalogue (id) ON DELETE CASCADE
) STRICT;
INSERT INTO drafts_to_read (id) SELECT id FROM catalogue WHERE state <> 'published';

CREATE TRIGGER catalogue_insert_to_read AFTER INSERT ON catalogue BEGIN
    INSERT INTO drafts_to_read (id) SELECT new.id WHERE NOT EXISTS (SELECT 1 FROM drafts_to_read WHERE id = new.id);
END;
CREATE TRIGGER catalogue_update_to_read AFTER UPDATE OF state, saved_at_us ON catalogue
    WHEN new.state <> old.state OR new.saved_at_us <> old.saved_at_us
BEGIN
    INSERT INTO drafts_to_read (id) SELECT new.id WHERE NOT EXISTS (SELECT 1 FROM drafts_to_read WHERE id = new.id);
END;
CREATE TRIGGER catalogue_delete_words AFTER DELETE ON catalogue BEGIN
    DELETE FROM draft_words WHERE rowid = old.id;
END;
