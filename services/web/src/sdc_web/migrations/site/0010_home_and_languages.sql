-- The projects that the author has put on the home page, in order. Those that are not published wait here unseen.
CREATE TABLE home_projects (
    post_id TEXT PRIMARY KEY REFERENCES posts (id) ON DELETE CASCADE,
    position INTEGER NOT NULL
) STRICT;

CREATE TRIGGER generation_home_projects_insert AFTER INSERT ON home_projects
    BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER generation_home_projects_update AFTER UPDATE ON home_projects
    BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER generation_home_projects_delete AFTER DELETE ON home_projects
    BEGIN UPDATE generation SET n = n + 1; END;

-- What a text is written in, as a BCP 47 tag; empty: the language of the site. Texts with the same key are translations
-- of one another; a text without one has the id of its post for a key, so that others can name it.
ALTER TABLE revisions ADD COLUMN language TEXT NOT NULL DEFAULT '';
ALTER TABLE revisions ADD COLUMN translation_key TEXT NOT NULL DEFAULT '';
CREATE INDEX revisions_by_translation ON revisions (translation_key) WHERE translation_key <> '';
