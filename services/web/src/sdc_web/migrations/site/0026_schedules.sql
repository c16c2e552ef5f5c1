-- What goes out at `scheduled_at_us` is the revision that was scheduled, whatever was written since.
ALTER TABLE posts ADD COLUMN scheduled_revision_id TEXT REFERENCES revisions (id) DEFERRABLE INITIALLY DEFERRED;
UPDATE posts SET scheduled_revision_id = (SELECT id FROM revisions WHERE post_id = posts.id ORDER BY number DESC LIMIT 1)
WHERE scheduled_at_us IS NOT NULL;
CREATE INDEX posts_of_scheduled_revision ON posts (scheduled_revision_id);

-- When it leaves the site by itself.
ALTER TABLE posts ADD COLUMN unpublish_at_us INTEGER;
CREATE INDEX posts_leaving ON posts (unpublish_at_us) WHERE unpublish_at_us IS NOT NULL;

-- Why it did not go out at the moment that was set; empty once the author has published or scheduled it again.
ALTER TABLE posts ADD COLUMN schedule_failure TEXT NOT NULL DEFAULT '';
