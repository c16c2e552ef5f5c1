-- People are told as well of a job that is late though no run of it failed. A check of a column cannot be changed in place.
CREATE TABLE alerts_of_jobs (
    id TEXT PRIMARY KEY,                           -- of the run, with the kind before it
    job TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('failed', 'late', 'recovered')),
    run_id TEXT NOT NULL,
    outcome TEXT NOT NULL,
    output TEXT NOT NULL,                          -- the beginning of what the run said
    created_us INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    next_us INTEGER,
    sent_us INTEGER,
    error TEXT NOT NULL                            -- of the last attempt, in words
) STRICT;
INSERT INTO alerts_of_jobs (id, job, kind, run_id, outcome, output, created_us, attempts, next_us, sent_us, error)
    SELECT id, job, kind, run_id, outcome, output, created_us, attempts, next_us, sent_us, error FROM alerts ORDER BY rowid;
DROP TABLE alerts;
ALTER TABLE alerts_of_jobs RENAME TO alerts;
CREATE INDEX alerts_next ON alerts (next_us) WHERE next_us IS NOT NULL;
CREATE INDEX alerts_job ON alerts (job, created_us DESC);
CREATE INDEX alerts_created ON alerts (created_us);
