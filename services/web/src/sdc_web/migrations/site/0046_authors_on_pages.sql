-- Who may write, and who is here, stands on pages: of several each text names its own.
DROP TRIGGER generation_authors_update;
CREATE TRIGGER generation_authors_update AFTER UPDATE OF display_name, role, removed_at_us ON authors
    BEGIN UPDATE generation SET n = n + 1; END;
