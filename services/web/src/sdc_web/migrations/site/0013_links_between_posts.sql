-- Where the published text of a post leads: addresses of this site as paths, all others as `//host/path`. Which post that is
-- is asked when a page is made, so that a renamed post keeps those who link to it, and one that comes later finds them.
CREATE TABLE post_links (
    from_post_id TEXT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    address TEXT NOT NULL,
    PRIMARY KEY (from_post_id, address)
) STRICT, WITHOUT ROWID;
CREATE INDEX post_links_to ON post_links (address);
CREATE INDEX redirects_to ON redirects (target) WHERE target IS NOT NULL;

CREATE TRIGGER generation_post_links_insert AFTER INSERT ON post_links BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER generation_post_links_delete AFTER DELETE ON post_links BEGIN UPDATE generation SET n = n + 1; END;
