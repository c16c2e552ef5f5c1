-- What the site is to programs, whichever address it has: feeds are named by it, as posts are by their own ids.
ALTER TABLE site ADD COLUMN uuid TEXT NOT NULL DEFAULT '';
UPDATE site SET uuid = lower(
    hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-'
    || substr('89ab', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))
);
