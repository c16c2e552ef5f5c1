-- What an author may do, as sdc_web/authors/rights.py says. Those who are here already made the site.
ALTER TABLE authors ADD COLUMN role TEXT NOT NULL DEFAULT 'owner' CHECK (role IN ('owner', 'author', 'viewer'));

-- Who uploaded it; NULL where nobody knows.
ALTER TABLE media_assets ADD COLUMN author_id TEXT REFERENCES authors (id);
UPDATE media_assets SET author_id = (SELECT id FROM authors ORDER BY created_at_us, id LIMIT 1);
