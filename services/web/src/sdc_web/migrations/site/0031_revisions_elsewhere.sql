-- Which texts are at home on another site, and so in no feed: read without a look into any text.
CREATE INDEX revisions_elsewhere ON revisions (id) WHERE canonical_url <> '';
