-- The type of its message, kept with each delivery: a log of two hundred thousand is filtered by it in one pass over
-- them, and does not look up a message for each.
ALTER TABLE deliveries ADD COLUMN type TEXT NOT NULL DEFAULT '';
UPDATE deliveries SET type = (SELECT type FROM messages WHERE messages.id = message_id);
CREATE TRIGGER deliveries_called AFTER INSERT ON deliveries BEGIN
    UPDATE deliveries SET type = (SELECT type FROM messages WHERE id = new.message_id) WHERE id = new.id;
END;
