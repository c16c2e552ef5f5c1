-- Posts that belong together, in order. A revision names its series by the title, as it names its tags; publishing puts
-- the post into it.
CREATE TABLE series (
    id TEXT PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL UNIQUE COLLATE NOCASE,
    description TEXT NOT NULL DEFAULT ''
) STRICT;

ALTER TABLE revisions ADD COLUMN series TEXT NOT NULL DEFAULT '';
ALTER TABLE revisions ADD COLUMN series_position INTEGER;

-- Those of the published revision.
ALTER TABLE posts ADD COLUMN series_id TEXT REFERENCES series (id) ON DELETE SET NULL;
ALTER TABLE posts ADD COLUMN series_position INTEGER;
CREATE INDEX posts_of_series ON posts (series_id) WHERE series_id IS NOT NULL;

CREATE TRIGGER generation_series_update AFTER UPDATE ON series BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER generation_series_delete AFTER DELETE ON series BEGIN UPDATE generation SET n = n + 1; END;
