-- What the author says of a tag. A tag itself is there while a text carries its name; one without words has no row.
CREATE TABLE tags (
    name TEXT PRIMARY KEY,
    colour TEXT NOT NULL,                          -- sdc_web.posts.tags.Colour
    description TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Names that tags had. Whoever still writes one means the tag that it became.
CREATE TABLE former_tags (
    name TEXT PRIMARY KEY,
    tag TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX former_tags_of_tag ON former_tags (tag);

-- The tags of every text without reading the text, which lies before them in its row.
CREATE INDEX revisions_tags ON revisions (post_id, number, tags);

CREATE TRIGGER generation_tags_insert AFTER INSERT ON tags BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER generation_tags_update AFTER UPDATE ON tags BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER generation_tags_delete AFTER DELETE ON tags BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER generation_post_tags_update AFTER UPDATE ON post_tags BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER generation_post_tags_delete AFTER DELETE ON post_tags BEGIN UPDATE generation SET n = n + 1; END;
