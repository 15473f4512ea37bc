-- Tenants and what the server itself remembers.
CREATE TABLE organisations (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    zone TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL
);

-- One row: the random identity of this data; a restore writes another (design section 3, point 7).
CREATE TABLE store_epoch (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    created_at_ms BIGINT NOT NULL
);

-- Keys of the server: access tokens (rotated away) and evidence (never removed).
CREATE TABLE signing_keys (
    kid TEXT NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL CHECK (purpose IN ('access', 'evidence')),
    public_key BLOB NOT NULL,
    private_key BLOB NOT NULL,
    created_at_ms BIGINT NOT NULL,
    retired_at_ms BIGINT
);

CREATE TABLE number_series (
    org_id TEXT NOT NULL REFERENCES organisations (id),
    series TEXT NOT NULL,
    next_value BIGINT NOT NULL,
    PRIMARY KEY (org_id, series)
);
