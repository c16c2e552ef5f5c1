-- What of the look is the author's choice, as JSON; what is not named is as it comes.
ALTER TABLE site ADD COLUMN look TEXT NOT NULL DEFAULT '{}';
