-- Since when the due times of a job count for its state: when it was new, when it was last resumed, when its clock was put right.
ALTER TABLE job_states ADD COLUMN since_us INTEGER NOT NULL DEFAULT 0;

-- What went wrong lately is asked with each look at the jobs.
CREATE INDEX runs_troubles ON runs (due_us DESC) WHERE outcome IN ('failed', 'timed_out', 'missed');

-- What is told to people: that a job failed, and that it works again. `next_us` is NULL once sent or given up.
CREATE TABLE alerts (
    id TEXT PRIMARY KEY,                           -- of the run, with the kind before it
    job TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('failed', 'recovered')),
    run_id TEXT NOT NULL,
    outcome TEXT NOT NULL,
    output TEXT NOT NULL,                          -- the beginning of what the run said
    created_us INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    next_us INTEGER,
    sent_us INTEGER,
    error TEXT NOT NULL                            -- of the last attempt, in words
) STRICT;
CREATE INDEX alerts_next ON alerts (next_us) WHERE next_us IS NOT NULL;
CREATE INDEX alerts_job ON alerts (job, created_us DESC);
CREATE INDEX alerts_created ON alerts (created_us);
