-- Which site this is: markers of the mirrors name it. It comes back with the database, so a recovered site is the same one.
CREATE TABLE site_id (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id TEXT NOT NULL
) STRICT;
INSERT INTO site_id (one, id) VALUES (1, lower(hex(randomblob(16))));
