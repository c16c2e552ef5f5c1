-- Where else the author is to be found, and what robots are told: JSON, changed by the author alone.
ALTER TABLE site ADD COLUMN elsewhere TEXT NOT NULL DEFAULT '[]';
ALTER TABLE site ADD COLUMN robots TEXT NOT NULL DEFAULT '{}';
