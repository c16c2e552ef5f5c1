-- How many lines a reject stands for: of many in one range the last stands for the rest, which its words used to tell.
ALTER TABLE log_rejects ADD COLUMN lines INTEGER NOT NULL DEFAULT 1;
UPDATE log_rejects SET lines = 1 + CAST(substr(reason, instr(reason, 'nor are ') + 8) AS INTEGER)
WHERE instr(reason, 'nor are ') > 0;
