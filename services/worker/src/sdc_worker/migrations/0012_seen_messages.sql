-- Requests of web's that changed something, for as long as the moment of a signature could hold and a little.
CREATE TABLE seen_messages (
    message_id TEXT PRIMARY KEY,
    expires_at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
