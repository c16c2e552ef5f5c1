-- What a project says of itself beside its text, as JSON (`sdc_web.posts.records.ProjectFacts`); NULL for nothing.
ALTER TABLE revisions ADD COLUMN project TEXT;
CREATE INDEX revisions_by_section ON revisions (project ->> 'section') WHERE project IS NOT NULL;
