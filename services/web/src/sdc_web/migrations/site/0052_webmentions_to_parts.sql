-- The part of a page that a text leads to, as it was told: behind the target's own address, with its #, empty for none.
ALTER TABLE webmentions_told ADD COLUMN fragment TEXT NOT NULL DEFAULT '';
