-- Feeds that a hub has heard of in a round that is not over: of announcements up to that id. The next round goes on from here.
CREATE TABLE told_feeds (
    path TEXT PRIMARY KEY,
    last_id INTEGER NOT NULL
) STRICT;
