-- A run that stopped to ask a person, and the run that was asked for with the answer yes.
ALTER TABLE runs ADD COLUMN confirmable INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN confirms TEXT;
