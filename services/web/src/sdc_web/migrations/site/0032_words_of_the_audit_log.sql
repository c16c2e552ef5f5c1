-- The words of the log by their beginnings: a word that is nowhere is known to be nowhere without reading every row.
CREATE VIRTUAL TABLE audit_words USING fts5 (
    haystack, content = 'audit_entries', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);
INSERT INTO audit_words (audit_words) VALUES ('rebuild');
CREATE TRIGGER audit_entries_are_searched AFTER INSERT ON audit_entries BEGIN
    INSERT INTO audit_words (rowid, haystack) VALUES (NEW.id, NEW.haystack);
END;
