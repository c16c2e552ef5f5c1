-- The links at the top of every page, in order, once the author has their own; until then they follow what is published.
CREATE TABLE navigation (
    position INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    url TEXT NOT NULL                              -- a path of this site, or an https URL
) STRICT;
ALTER TABLE site ADD COLUMN own_navigation INTEGER NOT NULL DEFAULT 0;

CREATE TRIGGER generation_navigation_insert AFTER INSERT ON navigation BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER generation_navigation_delete AFTER DELETE ON navigation BEGIN UPDATE generation SET n = n + 1; END;
