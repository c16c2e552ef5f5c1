-- A picture that is mere decoration: its alternative text is empty because it is meant to be.
ALTER TABLE media_assets ADD COLUMN decorative INTEGER NOT NULL DEFAULT 0 CHECK (decorative IN (0, 1));
