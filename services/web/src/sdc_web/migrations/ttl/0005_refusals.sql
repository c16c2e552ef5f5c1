-- How often something was refused within an hour, so that the audit log need not hold each time.
CREATE TABLE refusals (
    key TEXT PRIMARY KEY,
    times INTEGER NOT NULL,
    expires_at_us INTEGER NOT NULL
) STRICT;
CREATE INDEX refusals_expiry ON refusals (expires_at_us);
