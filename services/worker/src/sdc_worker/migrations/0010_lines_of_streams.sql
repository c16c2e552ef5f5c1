-- How many lines are committed of a stream; NULL for those of before, of which it is not known.
ALTER TABLE log_streams ADD COLUMN lines INTEGER;
