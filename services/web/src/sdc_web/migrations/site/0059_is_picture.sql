-- What sets pictures apart from sound, film and other files, in one place for all that ask.
ALTER TABLE media_assets ADD COLUMN is_picture INTEGER GENERATED ALWAYS AS (kind NOT IN ('audio', 'video', 'file')) VIRTUAL;
