-- Who did what: rows are added with the change they tell of, and stay as they are.
CREATE TABLE audit_entries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_us INTEGER NOT NULL,
    author_id TEXT NOT NULL,                       -- no reference: it outlives the author; empty: nobody known, or the system
    author_name TEXT NOT NULL,                     -- as it was then
    kind TEXT NOT NULL,                            -- of the thing it was done to
    action TEXT NOT NULL,                          -- sdc_web.audit.actions
    subject_id TEXT NOT NULL,
    words TEXT NOT NULL,                           -- what the thing was called then
    haystack TEXT NOT NULL                         -- all of it, case-folded, for the search
) STRICT;
CREATE INDEX audit_entries_of_author ON audit_entries (author_name, id);
CREATE INDEX audit_entries_of_kind ON audit_entries (kind, id);

CREATE TRIGGER audit_entries_stay BEFORE UPDATE ON audit_entries
    BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
CREATE TRIGGER audit_entries_are_kept BEFORE DELETE ON audit_entries
    BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
