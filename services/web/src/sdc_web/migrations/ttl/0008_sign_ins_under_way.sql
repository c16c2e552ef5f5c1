-- A secret that waits for the first code of an author's app.
CREATE TABLE totp_enrolments (
    author_id TEXT PRIMARY KEY,
    sealed BLOB NOT NULL,
    expires_at_us INTEGER NOT NULL
) STRICT;
CREATE INDEX totp_enrolments_expiry ON totp_enrolments (expires_at_us);

-- The password was right; the code is still to come, from the browser that has the cookie.
CREATE TABLE pending_sign_ins (
    token_sha256 TEXT PRIMARY KEY,                 -- of the cookie's value, which is stored nowhere
    author_id TEXT NOT NULL,
    return_to TEXT NOT NULL,
    expires_at_us INTEGER NOT NULL
) STRICT;
CREATE INDEX pending_sign_ins_expiry ON pending_sign_ins (expires_at_us);
CREATE INDEX pending_sign_ins_of_author ON pending_sign_ins (author_id);

-- Somebody is at GitHub, and will come back with this state and this cookie.
CREATE TABLE github_trips (
    state_sha256 TEXT PRIMARY KEY,
    cookie_sha256 TEXT NOT NULL,
    verifier TEXT NOT NULL,                        -- PKCE (RFC 7636): shows that who asks for the token also began
    purpose TEXT NOT NULL CHECK (purpose IN ('sign_in', 'link', 'claim')),
    author_id TEXT,                                -- who links
    claim TEXT,                                    -- JSON: what the first author says of themselves and of the site
    return_to TEXT NOT NULL,
    expires_at_us INTEGER NOT NULL
) STRICT;
CREATE INDEX github_trips_expiry ON github_trips (expires_at_us);
