-- Questions to the statistics that an author asks again: `query` is that of the page's address.
CREATE TABLE statistics_views (
    id TEXT PRIMARY KEY,
    author_id TEXT NOT NULL REFERENCES authors (id),
    name TEXT NOT NULL,
    query TEXT NOT NULL,
    created_at_us INTEGER NOT NULL,
    UNIQUE (author_id, name)
) STRICT;

-- What happened on a day, told beside the course of the readers.
CREATE TABLE statistics_notes (
    id TEXT PRIMARY KEY,
    author_id TEXT NOT NULL REFERENCES authors (id),
    day TEXT NOT NULL,                             -- YYYY-MM-DD
    text TEXT NOT NULL,
    created_at_us INTEGER NOT NULL
) STRICT;
CREATE INDEX statistics_notes_by_day ON statistics_notes (day, id);
