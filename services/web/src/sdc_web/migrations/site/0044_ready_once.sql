-- A picture is told of when it has become ready and when another file has taken its place, not when its sizes are made
-- anew: a change of their quality would tell of every picture there is, before whatever is written meanwhile.
DROP TRIGGER messages_media_ready;
CREATE TRIGGER messages_media_ready AFTER UPDATE OF state, file_id ON media_assets
WHEN new.state = 'ready' AND (old.state <> 'ready' OR old.file_id IS NOT new.file_id)
BEGIN
    INSERT INTO messages (id, type, data, at_us)
    SELECT 'msg_' || lower(hex(randomblob(16))), type, json_object('id', new.id, 'file_name', new.file_name,
        'content_type', new.content_type, 'size_bytes', new.size_bytes), CAST(unixepoch('subsec') * 1000000 AS INTEGER)
    FROM wanted_types WHERE type = 'media.ready';
END;
