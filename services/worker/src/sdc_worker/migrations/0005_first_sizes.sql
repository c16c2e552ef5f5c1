-- Jobs whose picture is shown in one quickly made size already, while all others wait for their turn.
ALTER TABLE image_jobs ADD COLUMN shown INTEGER NOT NULL DEFAULT 0;
