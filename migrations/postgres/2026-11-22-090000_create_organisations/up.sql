-- Tenants and what the server itself remembers.
CREATE TABLE organisations (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    code TEXT COLLATE "C" NOT NULL UNIQUE,
    name TEXT COLLATE "C" NOT NULL,
    zone TEXT COLLATE "C" NOT NULL,
    created_at_ms BIGINT NOT NULL
);

-- One row: the random identity of this data; a restore writes another (design section 3, point 7).
CREATE TABLE store_epoch (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    created_at_ms BIGINT NOT NULL
);

-- Keys of the server: access tokens (rotated away) and evidence (never removed).
CREATE TABLE signing_keys (
    kid TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    purpose TEXT COLLATE "C" NOT NULL CHECK (purpose IN ('access', 'evidence')),
    public_key BYTEA NOT NULL,
    private_key BYTEA NOT NULL,
    created_at_ms BIGINT NOT NULL,
    retired_at_ms BIGINT
);

CREATE TABLE number_series (
    org_id TEXT COLLATE "C" NOT NULL REFERENCES organisations (id),
    series TEXT COLLATE "C" NOT NULL,
    next_value BIGINT NOT NULL,
    PRIMARY KEY (org_id, series)
);
