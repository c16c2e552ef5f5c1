-- Which opened editor the text came from, and which of its saves it was: one whose answer was lost is sent again.
ALTER TABLE revisions ADD COLUMN tab TEXT NOT NULL DEFAULT '';
ALTER TABLE revisions ADD COLUMN save_no INTEGER NOT NULL DEFAULT 0;
