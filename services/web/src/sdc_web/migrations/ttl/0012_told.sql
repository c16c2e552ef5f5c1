-- What people were told of outside the CMS, and until when nobody tells it again.
CREATE TABLE told (
    what TEXT PRIMARY KEY,
    expires_at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
