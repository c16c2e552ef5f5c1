-- How many files the last attempt stored; 0 of those of before, of which it is not known.
ALTER TABLE image_jobs ADD COLUMN files INTEGER NOT NULL DEFAULT 0;
-- A worker ended while it worked on this: it may be why, and goes alone until an attempt comes to an end.
ALTER TABLE image_jobs ADD COLUMN suspect INTEGER NOT NULL DEFAULT 0;
