-- Whether a text asks search engines to leave it out; readers see it as any other.
ALTER TABLE posts ADD COLUMN noindex INTEGER NOT NULL DEFAULT 0 CHECK (noindex IN (0, 1));
