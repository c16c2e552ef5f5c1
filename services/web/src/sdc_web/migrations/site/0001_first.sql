-- Times are microseconds since the Unix epoch, UTC. Identifiers are ULIDs.

CREATE TABLE authors (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,      -- sign-in name
    display_name TEXT NOT NULL,
    password_hash TEXT,                            -- argon2id, NULL: only login links
    created_at_us INTEGER NOT NULL
) STRICT;

-- One row: what the author says of the site as a whole.
CREATE TABLE site (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    language TEXT NOT NULL
) STRICT;
INSERT INTO site (id, title, description, language) VALUES (1, 'A new site', '', 'en');

-- Posts, pages and projects. `revision_id` is the published revision, NULL while none is.
CREATE TABLE posts (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('post', 'page', 'project')),
    slug TEXT NOT NULL,
    author_id TEXT NOT NULL REFERENCES authors (id),
    created_at_us INTEGER NOT NULL,
    revision_id TEXT REFERENCES revisions (id) DEFERRABLE INITIALLY DEFERRED,
    published_at_us INTEGER,                       -- the date readers see; kept when unpublished
    changed_at_us INTEGER,                         -- moment the published content last changed
    scheduled_at_us INTEGER,                       -- publish the newest revision then
    UNIQUE (kind, slug)
) STRICT;
CREATE INDEX posts_published ON posts (kind, published_at_us DESC, id DESC) WHERE revision_id IS NOT NULL;
CREATE INDEX posts_scheduled ON posts (scheduled_at_us) WHERE scheduled_at_us IS NOT NULL;

-- Saved content. Autosave replaces the newest revision until it has been published; a published one never changes.
CREATE TABLE revisions (
    id TEXT PRIMARY KEY,
    post_id TEXT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,                       -- counts the saves of a post from 1; the If-Match value
    title TEXT NOT NULL,
    slug TEXT NOT NULL,
    summary TEXT NOT NULL,
    body TEXT NOT NULL,                            -- Markdown
    tags TEXT NOT NULL,                            -- JSON list of names
    cover_asset_id TEXT REFERENCES media_assets (id),
    saved_at_us INTEGER NOT NULL,
    author_id TEXT NOT NULL REFERENCES authors (id),
    body_html TEXT,                                -- rendered and sanitised when published
    reading_minutes INTEGER,
    published_at_us INTEGER,                       -- first time this revision was the published one
    UNIQUE (post_id, number)
) STRICT;

-- Every address that a published post has had answers 301 for ever.
CREATE TABLE redirects (
    path TEXT PRIMARY KEY,
    post_id TEXT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    created_at_us INTEGER NOT NULL
) STRICT;

CREATE TABLE post_tags (
    tag TEXT NOT NULL,
    post_id TEXT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    PRIMARY KEY (tag, post_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX post_tags_of_post ON post_tags (post_id);

-- Words of what is published, and of nothing else.
CREATE VIRTUAL TABLE search USING fts5 (post_id UNINDEXED, title, summary, body, tags, tokenize = 'unicode61 remove_diacritics 2');

CREATE TABLE media_assets (
    id TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL UNIQUE,                   -- the same file twice is one asset
    file_name TEXT NOT NULL,
    content_type TEXT NOT NULL,                    -- sniffed from the bytes
    size_bytes INTEGER NOT NULL,
    alt TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'ready', 'failed')),
    reason TEXT NOT NULL DEFAULT '',               -- why it failed, for the author
    manifest TEXT,                                 -- JSON, sdc_core.variants.Manifest
    uploaded_at_us INTEGER NOT NULL
) STRICT;
CREATE INDEX media_assets_newest ON media_assets (uploaded_at_us DESC, id DESC);

-- Raised by every change that can alter a public page; the page cache of each process compares it.
CREATE TABLE generation (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    n INTEGER NOT NULL
) STRICT;
INSERT INTO generation (id, n) VALUES (1, 1);

CREATE TRIGGER generation_posts_insert AFTER INSERT ON posts WHEN new.revision_id IS NOT NULL
    BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER generation_posts_update AFTER UPDATE ON posts WHEN old.revision_id IS NOT NULL OR new.revision_id IS NOT NULL
    BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER generation_posts_delete AFTER DELETE ON posts WHEN old.revision_id IS NOT NULL
    BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER generation_redirects_insert AFTER INSERT ON redirects BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER generation_redirects_delete AFTER DELETE ON redirects BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER generation_media_update AFTER UPDATE ON media_assets BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER generation_media_delete AFTER DELETE ON media_assets BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER generation_site_update AFTER UPDATE ON site BEGIN UPDATE generation SET n = n + 1; END;
CREATE TRIGGER generation_authors_update AFTER UPDATE OF display_name ON authors BEGIN UPDATE generation SET n = n + 1; END;
