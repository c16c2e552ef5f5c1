-- What the library tells of an asset, beside what its file does. `title` is the author's own name for it, `caption` goes
-- into a text together with the picture, the focus is the point that stays in view where a picture is cut, in percent.
ALTER TABLE media_assets ADD COLUMN title TEXT NOT NULL DEFAULT '';
ALTER TABLE media_assets ADD COLUMN caption TEXT NOT NULL DEFAULT '';
ALTER TABLE media_assets ADD COLUMN focus_x INTEGER NOT NULL DEFAULT 50 CHECK (focus_x BETWEEN 0 AND 100);
ALTER TABLE media_assets ADD COLUMN focus_y INTEGER NOT NULL DEFAULT 50 CHECK (focus_y BETWEEN 0 AND 100);

-- Told by the manifest: sdc_web.media.assets.AssetKind, and the bytes of all variants.
ALTER TABLE media_assets ADD COLUMN kind TEXT NOT NULL DEFAULT '';
ALTER TABLE media_assets ADD COLUMN variant_bytes INTEGER NOT NULL DEFAULT 0;
UPDATE media_assets SET
    kind = CASE WHEN manifest ->> '$.animated' THEN 'animation'
        WHEN EXISTS (SELECT 1 FROM json_each(manifest, '$.variants') WHERE value ->> '$.format' = 'jpeg') THEN 'photograph'
        ELSE 'drawing' END,
    variant_bytes = (SELECT coalesce(sum(value ->> '$.size_bytes'), 0) FROM json_each(manifest, '$.variants'))
WHERE manifest IS NOT NULL;

-- Where its files are in the object store once others have taken the place of the first ones; NULL: below its own id.
ALTER TABLE media_assets ADD COLUMN file_id TEXT;
CREATE UNIQUE INDEX media_assets_by_file ON media_assets (file_id) WHERE file_id IS NOT NULL;

-- The moment at which it went into the trash, from where it can be brought back for a while.
-- `former_of` names the asset that had its file before.
ALTER TABLE media_assets ADD COLUMN trashed_at_us INTEGER;
ALTER TABLE media_assets ADD COLUMN former_of TEXT;
CREATE INDEX media_assets_former ON media_assets (former_of) WHERE former_of IS NOT NULL;
CREATE INDEX media_assets_in_trash ON media_assets (trashed_at_us) WHERE trashed_at_us IS NOT NULL;

-- Each order of the library, and all that its filters ask, without the manifests that make the rows long.
DROP INDEX media_assets_newest;
CREATE INDEX media_assets_newest ON media_assets (uploaded_at_us DESC, id DESC, trashed_at_us, state, kind, alt);
CREATE INDEX media_assets_by_name ON media_assets (file_name COLLATE NOCASE, id, trashed_at_us, state, kind, alt);
CREATE INDEX media_assets_by_size ON media_assets (size_bytes DESC, id DESC, trashed_at_us, state, kind, alt);

DROP TRIGGER generation_media_update;
CREATE TRIGGER generation_media_update AFTER UPDATE OF alt, state, manifest, file_id, focus_x, focus_y, trashed_at_us
    ON media_assets BEGIN UPDATE generation SET n = n + 1; END;

-- The words of each asset, by any three letters in a row.
CREATE VIRTUAL TABLE media_words USING fts5 (asset_id UNINDEXED, words, tokenize = 'trigram remove_diacritics 1');
INSERT INTO media_words (asset_id, words) SELECT id, file_name || char(10) || alt FROM media_assets;
CREATE TRIGGER media_words_insert AFTER INSERT ON media_assets BEGIN
    INSERT INTO media_words (asset_id, words)
    VALUES (new.id, concat_ws(char(10), new.file_name, new.alt, new.title, new.caption));
END;
CREATE TRIGGER media_words_update AFTER UPDATE OF file_name, alt, title, caption ON media_assets BEGIN
    UPDATE media_words SET words = concat_ws(char(10), new.file_name, new.alt, new.title, new.caption)
    WHERE asset_id = new.id;
END;
CREATE TRIGGER media_words_delete AFTER DELETE ON media_assets BEGIN
    DELETE FROM media_words WHERE asset_id = old.id;
END;

-- Which revision shows which asset, and where. Kept by triggers, so that nobody who writes revisions can forget it.
-- An id that no asset has is kept as well: an asset may come after the text that shows it.
CREATE TABLE media_uses (
    revision_id TEXT NOT NULL REFERENCES revisions (id) ON DELETE CASCADE,
    place TEXT NOT NULL CHECK (place IN ('text', 'cover', 'gallery')),
    asset_id TEXT NOT NULL,
    PRIMARY KEY (revision_id, place, asset_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX media_uses_of_asset ON media_uses (asset_id, revision_id);

-- A text as JSON, cut before each `media:`, is a list whose later parts begin with an id.
CREATE VIEW revision_media AS
    SELECT DISTINCT revisions.id AS revision_id, 'text' AS place, substr(part.value, 1, 26) AS asset_id
    FROM revisions, json_each('[' || replace(json_quote(revisions.body), 'media:', '","') || ']') AS part
    WHERE part.key > 0 AND instr(revisions.body, 'media:') > 0 AND length(part.value) >= 26
        AND substr(part.value, 1, 26) NOT GLOB '*[^0-9A-Z]*'
    UNION ALL
    SELECT id, 'cover', cover_asset_id FROM revisions WHERE cover_asset_id IS NOT NULL
    UNION ALL
    SELECT DISTINCT revisions.id, 'gallery', picture.value FROM revisions, json_each(revisions.project, '$.pictures') AS picture
    WHERE revisions.project IS NOT NULL;

INSERT INTO media_uses (revision_id, place, asset_id) SELECT revision_id, place, asset_id FROM revision_media;

CREATE TRIGGER media_uses_revision_insert AFTER INSERT ON revisions BEGIN
    INSERT INTO media_uses (revision_id, place, asset_id)
    SELECT revision_id, place, asset_id FROM revision_media WHERE revision_id = new.id;
END;
CREATE TRIGGER media_uses_revision_update AFTER UPDATE OF body, cover_asset_id, project ON revisions
WHEN old.body <> new.body OR old.cover_asset_id IS NOT new.cover_asset_id OR old.project IS NOT new.project
BEGIN
    DELETE FROM media_uses WHERE revision_id = new.id;
    INSERT INTO media_uses (revision_id, place, asset_id)
    SELECT revision_id, place, asset_id FROM revision_media WHERE revision_id = new.id;
END;

-- What a text shows is not in the trash.
CREATE TRIGGER media_uses_bring_back AFTER INSERT ON media_uses BEGIN
    UPDATE media_assets SET trashed_at_us = NULL WHERE id = new.asset_id AND trashed_at_us IS NOT NULL;
END;

-- How much all of it is, without counting.
CREATE TABLE media_storage (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    assets INTEGER NOT NULL,
    original_bytes INTEGER NOT NULL,
    variant_bytes INTEGER NOT NULL
) STRICT;
INSERT INTO media_storage (id, assets, original_bytes, variant_bytes)
    SELECT 1, count(*), coalesce(sum(size_bytes), 0), coalesce(sum(variant_bytes), 0) FROM media_assets;
CREATE TRIGGER media_storage_insert AFTER INSERT ON media_assets BEGIN
    UPDATE media_storage SET assets = assets + 1, original_bytes = original_bytes + new.size_bytes,
        variant_bytes = variant_bytes + new.variant_bytes;
END;
CREATE TRIGGER media_storage_update AFTER UPDATE OF size_bytes, variant_bytes ON media_assets BEGIN
    UPDATE media_storage SET original_bytes = original_bytes + new.size_bytes - old.size_bytes,
        variant_bytes = variant_bytes + new.variant_bytes - old.variant_bytes;
END;
CREATE TRIGGER media_storage_delete AFTER DELETE ON media_assets BEGIN
    UPDATE media_storage SET assets = assets - 1, original_bytes = original_bytes - old.size_bytes,
        variant_bytes = variant_bytes - old.variant_bytes;
END;

-- A file that is to take the place of an asset's own as soon as its variants are there. The newest one counts.
CREATE TABLE media_replacements (
    asset_id TEXT PRIMARY KEY REFERENCES media_assets (id) ON DELETE CASCADE,
    file_id TEXT NOT NULL UNIQUE,
    sha256 TEXT NOT NULL,
    file_name TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'failed')),
    reason TEXT NOT NULL DEFAULT '',
    since_us INTEGER NOT NULL,
    orders INTEGER NOT NULL DEFAULT 0,
    order_us INTEGER NOT NULL
) STRICT;
CREATE INDEX media_replacements_pending ON media_replacements (order_us) WHERE state = 'pending';

-- Files that an asset had: their addresses go on answering, with what the asset shows now.
CREATE TABLE former_media_files (
    file_id TEXT PRIMARY KEY,
    asset_id TEXT NOT NULL REFERENCES media_assets (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX former_media_files_of_asset ON former_media_files (asset_id);
