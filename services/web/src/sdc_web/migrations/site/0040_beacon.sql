-- Whether pages tell how they are read.
ALTER TABLE site ADD COLUMN beacon INTEGER NOT NULL DEFAULT 0 CHECK (beacon IN (0, 1));
