-- By which recipe the variants of an asset were made, or tried in vain, last.
ALTER TABLE image_jobs ADD COLUMN recipe TEXT NOT NULL DEFAULT '';
UPDATE image_jobs SET recipe = 'r2' WHERE state IN ('done', 'failed');
-- How like their sources pictures are to look, as an author chose, and since when; no row where nobody did.
CREATE TABLE image_aims (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    aim INTEGER NOT NULL,
    since_us INTEGER NOT NULL
) STRICT;
