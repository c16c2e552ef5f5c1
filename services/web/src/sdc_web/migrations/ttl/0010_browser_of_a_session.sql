-- Which browser a session is in, so that it is forgotten with a session that another one ended. Empty: begun before.
ALTER TABLE sessions ADD COLUMN device_sha256 TEXT NOT NULL DEFAULT '';
