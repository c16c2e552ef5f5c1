-- What a reader types ends in the beginning of a word. Those of two and of three letters have lists of their own: without
-- them the lists of every word that begins so would be put together each time.
CREATE VIRTUAL TABLE search_by_beginnings USING fts5 (
    post_id UNINDEXED, title, summary, body, tags, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);
INSERT INTO search_by_beginnings (rowid, post_id, title, summary, body, tags)
    SELECT rowid, post_id, title, summary, body, tags FROM search ORDER BY rowid;
DROP TABLE search;
ALTER TABLE search_by_beginnings RENAME TO search;

-- Every word of the index, for whoever mistypes one.
CREATE VIRTUAL TABLE search_words USING fts5vocab (search, row);

-- The kind beside the row, so that results are counted by kind without a look at each post. `reading` is the way in which
-- the words were taken from the text: those of a former way are taken again when web starts.
ALTER TABLE search_rows ADD COLUMN kind TEXT NOT NULL DEFAULT '';
ALTER TABLE search_rows ADD COLUMN reading INTEGER NOT NULL DEFAULT 0;
UPDATE search_rows SET kind = (SELECT kind FROM posts WHERE posts.id = search_rows.post_id);
