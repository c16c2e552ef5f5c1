-- `INSERT OR REPLACE` fires no trigger of a deletion: an entry could be written over by its id.
CREATE TRIGGER audit_entries_are_not_replaced BEFORE INSERT ON audit_entries
    WHEN EXISTS (SELECT 1 FROM audit_entries WHERE id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
