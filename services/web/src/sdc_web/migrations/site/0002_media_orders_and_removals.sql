-- How often the worker took a repeated order for the variants of an asset, and when it is asked again while they are
-- not there.
ALTER TABLE media_assets ADD COLUMN orders INTEGER NOT NULL DEFAULT 0;
ALTER TABLE media_assets ADD COLUMN order_us INTEGER NOT NULL DEFAULT 0;
CREATE INDEX media_assets_pending ON media_assets (order_us) WHERE state = 'pending';

-- An order changes no page.
DROP TRIGGER generation_media_update;
CREATE TRIGGER generation_media_update AFTER UPDATE OF alt, state, manifest ON media_assets
    BEGIN UPDATE generation SET n = n + 1; END;

-- Assets that are deleted, and whose files may still be in the object store.
CREATE TABLE removals (
    asset_id TEXT PRIMARY KEY,
    since_us INTEGER NOT NULL
) STRICT;
