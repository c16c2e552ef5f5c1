-- Tags that got another name, or none (NULL), and that further texts still carry: they follow a few at a time. `post_id`
-- and `number` say how far that has come.
CREATE TABLE tags_to_move (
    old TEXT PRIMARY KEY,
    new TEXT,
    post_id TEXT NOT NULL,
    number INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
