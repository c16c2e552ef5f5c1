-- The first author is named on every page, and one may be added beside a site that runs. The others complete what each
-- table that readers see does; uses of a redirect change no page.
CREATE TRIGGER generation_authors_insert AFTER INSERT ON authors BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER generation_authors_delete AFTER DELETE ON authors BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER generation_navigation_update AFTER UPDATE ON navigation BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER generation_post_links_update AFTER UPDATE ON post_links BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER generation_post_tags_insert AFTER INSERT ON post_tags BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER generation_redirects_update AFTER UPDATE OF path, post_id, target ON redirects
    BEGIN UPDATE generation SET n = n + 1; END;
