-- Files that are no pictures are ready as they come: nothing waits for their sizes, and nobody is told of any.
DROP TRIGGER messages_media_ready;
CREATE TRIGGER messages_media_ready AFTER UPDATE OF state, file_id ON media_assets
WHEN new.state = 'ready' AND (old.state <> 'ready' OR old.file_id IS NOT new.file_id)
    AND new.kind NOT IN ('audio', 'video', 'file')
BEGIN
    INSERT INTO messages (id, type, data, at_us)
    SELECT 'msg_' || lower(hex(randomblob(16))), type, json_object('id', new.id, 'file_name', new.file_name,
        'content_type', new.content_type, 'size_bytes', new.size_bytes), CAST(unixepoch('subsec') * 1000000 AS INTEGER)
    FROM wanted_types WHERE type = 'media.ready';
END;
