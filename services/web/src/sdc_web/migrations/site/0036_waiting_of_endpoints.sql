-- How many deliveries wait for an endpoint, kept with each of them: a message must not count ten thousand to find a
-- queue full.
ALTER TABLE endpoints ADD COLUMN waiting INTEGER NOT NULL DEFAULT 0;
UPDATE endpoints SET waiting = (
    SELECT count(*) FROM deliveries WHERE deliveries.endpoint_id = endpoints.id AND next_us IS NOT NULL
);

CREATE TRIGGER deliveries_begin_to_wait AFTER INSERT ON deliveries WHEN new.next_us IS NOT NULL BEGIN
    UPDATE endpoints SET waiting = waiting + 1 WHERE id = new.endpoint_id;
END;
CREATE TRIGGER deliveries_wait_or_not AFTER UPDATE OF next_us ON deliveries
WHEN (old.next_us IS NULL) <> (new.next_us IS NULL)
BEGIN
    UPDATE endpoints SET waiting = waiting + iif(new.next_us IS NULL, -1, 1) WHERE id = new.endpoint_id;
END;
CREATE TRIGGER deliveries_wait_no_more AFTER DELETE ON deliveries WHEN old.next_us IS NOT NULL BEGIN
    UPDATE endpoints SET waiting = waiting - 1 WHERE id = old.endpoint_id;
END;

DROP TRIGGER messages_queue;
CREATE TRIGGER messages_queue AFTER INSERT ON messages BEGIN
    INSERT INTO deliveries (message_id, endpoint_id, state, next_us, reason)
    SELECT new.id, id, iif(waiting >= 10000, 'held_back', 'waiting'), iif(waiting >= 10000, NULL, new.at_us),
        iif(waiting >= 10000, '10,000 messages were waiting for it already', '')
    FROM endpoints WHERE EXISTS (SELECT 1 FROM json_each(endpoints.types) WHERE value = new.type);
END;
