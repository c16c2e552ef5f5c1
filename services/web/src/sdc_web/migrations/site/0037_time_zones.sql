-- Whose clocks tell an author the time in the author's area: an IANA name, empty while none is chosen, which is UTC.
ALTER TABLE authors ADD COLUMN time_zone TEXT NOT NULL DEFAULT '';
