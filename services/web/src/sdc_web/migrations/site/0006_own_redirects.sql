-- A redirect leads to a post, wherever that is by now, or to an address that the author has typed.
CREATE TABLE redirects_of_both_kinds (
    path TEXT PRIMARY KEY,
    post_id TEXT REFERENCES posts (id) ON DELETE CASCADE,
    target TEXT,
    created_at_us INTEGER NOT NULL,
    uses INTEGER NOT NULL DEFAULT 0,
    used_at_us INTEGER,                            -- the last time; uses are written some seconds late
    CHECK ((post_id IS NULL) <> (target IS NULL))
) STRICT;
INSERT INTO redirects_of_both_kinds (path, post_id, created_at_us) SELECT path, post_id, created_at_us FROM redirects;
DROP TABLE redirects;
ALTER TABLE redirects_of_both_kinds RENAME TO redirects;
CREATE INDEX redirects_of_post ON redirects (post_id) WHERE post_id IS NOT NULL;

CREATE TRIGGER generation_redirects_insert AFTER INSERT ON redirects BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER generation_redirects_delete AFTER DELETE ON redirects BEGIN UPDATE generation SET n = n + 1; END;
