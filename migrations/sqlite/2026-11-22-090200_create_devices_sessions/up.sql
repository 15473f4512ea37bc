CREATE TABLE devices (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL CHECK (length(id) = 36),
    user_id TEXT NOT NULL,
    name TEXT NOT NULL,
    kid TEXT NOT NULL,
    public_key BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'signed_out', 'suspended', 'revoked')),
    enrolled_at_ms BIGINT NOT NULL,
    revoked_at_ms BIGINT,
    last_seen_at_ms BIGINT,
    unsent BIGINT NOT NULL,
    oldest_unsent_at_ms BIGINT,
    free_bytes BIGINT,
    clock_skew_ms BIGINT,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, kid),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id)
);

CREATE TABLE enrolment_codes (
    org_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    code_hash TEXT NOT NULL,
    tries_left BIGINT NOT NULL,
    expires_at_ms BIGINT NOT NULL,
    used_at_ms BIGINT,
    created_by TEXT NOT NULL,
    PRIMARY KEY (org_id, user_id, code_hash),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id)
);

-- One family per sign-in; the three cases of refresh rotation live in these columns.
CREATE TABLE refresh_families (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL CHECK (length(id) = 36),
    user_id TEXT NOT NULL,
    device_id TEXT,
    current_hash TEXT NOT NULL,
    previous_hash TEXT,
    created_at_ms BIGINT NOT NULL,
    last_used_at_ms BIGINT NOT NULL,
    revoked_at_ms BIGINT,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id)
);

-- Server nonces that a device signs to prove itself; single use.
CREATE TABLE nonces (
    org_id TEXT NOT NULL REFERENCES organisations (id),
    nonce TEXT NOT NULL,
    expires_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, nonce)
);
