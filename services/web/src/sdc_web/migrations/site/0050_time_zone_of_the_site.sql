-- Whose clocks tell readers the day and the year of a text: an IANA name, empty for UTC.
ALTER TABLE site ADD COLUMN time_zone TEXT NOT NULL DEFAULT '';
