-- Where a text is at home when it is not here: an address elsewhere, which search engines are told of; empty: here.
ALTER TABLE revisions ADD COLUMN canonical_url TEXT NOT NULL DEFAULT '';
-- The date that the author gives it, in microseconds, UTC; NULL: when it was first published.
ALTER TABLE revisions ADD COLUMN dated_at_us INTEGER;
