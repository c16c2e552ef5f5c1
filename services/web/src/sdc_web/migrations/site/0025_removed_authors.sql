-- An author who left: what they wrote before keeps their name in its history, and nobody signs in as them.
ALTER TABLE authors ADD COLUMN removed_at_us INTEGER;
