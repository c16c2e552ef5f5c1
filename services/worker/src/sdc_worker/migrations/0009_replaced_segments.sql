-- Files of sealed days that others have replaced: a database from before, brought back, still names them.
CREATE TABLE replaced_segments (
    day TEXT NOT NULL,
    name TEXT NOT NULL,
    replaced_us INTEGER NOT NULL,
    PRIMARY KEY (day, name)
) STRICT, WITHOUT ROWID;
