-- Which row of the index has the words of a post: the index itself can be asked for words only, or read from end to end.
CREATE TABLE search_rows (
    id INTEGER PRIMARY KEY,
    post_id TEXT NOT NULL UNIQUE REFERENCES posts (id) ON DELETE CASCADE
) STRICT;
INSERT INTO search_rows (id, post_id) SELECT rowid, post_id FROM search WHERE post_id IN (SELECT id FROM posts);
DELETE FROM search WHERE rowid NOT IN (SELECT id FROM search_rows);
