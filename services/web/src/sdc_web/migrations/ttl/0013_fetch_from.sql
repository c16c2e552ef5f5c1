-- Hosts that the pictures of an import may be fetched from, with spaces between.
ALTER TABLE transfers ADD COLUMN fetch_from TEXT NOT NULL DEFAULT '';
