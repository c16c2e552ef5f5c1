-- A digest of the address that a trip to GitHub was begun from: bounds how many one may hold.
ALTER TABLE github_trips ADD COLUMN origin TEXT NOT NULL DEFAULT '';
CREATE INDEX github_trips_of_origin ON github_trips (origin, expires_at_us);
