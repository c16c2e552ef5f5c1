-- Batches that say of themselves that each of their lines is one, and segments that say which columns they have.
ALTER TABLE log_batches ADD COLUMN whole INTEGER NOT NULL DEFAULT 0;
ALTER TABLE segments ADD COLUMN schema INTEGER NOT NULL DEFAULT 1;
