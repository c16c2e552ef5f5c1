-- A text may also show a picture by the address of one of its files, or lead there: that is a use like any other.
DROP TRIGGER media_uses_revision_insert;
DROP TRIGGER media_uses_revision_update;
DROP VIEW revision_media;

-- A text as JSON, cut before each `media:`, is a list whose later parts begin with an id; cut at `/media/`, with the id of
-- a file, which may be that of an asset that has another one by now.
CREATE VIEW revision_media AS
    SELECT DISTINCT revisions.id AS revision_id, 'text' AS place, substr(part.value, 1, 26) AS asset_id
    FROM revisions, json_each('[' || replace(json_quote(revisions.body), 'media:', '","') || ']') AS part
    WHERE part.key > 0 AND instr(revisions.body, 'media:') > 0 AND length(part.value) >= 26
        AND substr(part.value, 1, 26) NOT GLOB '*[^0-9A-Z]*'
    UNION ALL
    SELECT DISTINCT revisions.id, 'text', coalesce(
        (SELECT asset_id FROM former_media_files WHERE file_id = substr(part.value, 1, 26)),
        (SELECT id FROM media_assets WHERE file_id = substr(part.value, 1, 26)),
        substr(part.value, 1, 26)
    )
    FROM revisions, json_each('[' || replace(json_quote(revisions.body), '/media/', '","') || ']') AS part
    WHERE part.key > 0 AND instr(revisions.body, '/media/') > 0 AND length(part.value) >= 26
        AND substr(part.value, 1, 26) NOT GLOB '*[^0-9A-Z]*'
    UNION ALL
    SELECT id, 'cover', cover_asset_id FROM revisions WHERE cover_asset_id IS NOT NULL
    UNION ALL
    SELECT DISTINCT revisions.id, 'gallery', picture.value FROM revisions, json_each(revisions.project, '$.pictures') AS picture
    WHERE revisions.project IS NOT NULL;

INSERT OR IGNORE INTO media_uses (revision_id, place, asset_id)
    SELECT revision_id, place, asset_id FROM revision_media
    WHERE revision_id IN (SELECT id FROM revisions WHERE instr(body, '/media/') > 0);

CREATE TRIGGER media_uses_revision_insert AFTER INSERT ON revisions BEGIN
    INSERT OR IGNORE INTO media_uses (revision_id, place, asset_id)
    SELECT revision_id, place, asset_id FROM revision_media WHERE revision_id = new.id;
END;
CREATE TRIGGER media_uses_revision_update AFTER UPDATE OF body, cover_asset_id, project ON revisions
WHEN old.body <> new.body OR old.cover_asset_id IS NOT new.cover_asset_id OR old.project IS NOT new.project
BEGIN
    DELETE FROM media_uses WHERE revision_id = new.id;
    INSERT OR IGNORE INTO media_uses (revision_id, place, asset_id)
    SELECT revision_id, place, asset_id FROM revision_media WHERE revision_id = new.id;
END;
