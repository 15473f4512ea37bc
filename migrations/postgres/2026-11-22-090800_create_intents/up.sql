CREATE TABLE intents (
    org_id TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL CHECK (length(id) = 36),
    device_id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    bytes BYTEA NOT NULL,
    sha256 TEXT COLLATE "C" NOT NULL,
    result TEXT COLLATE "C" NOT NULL CHECK (result IN ('accepted', 'needs_office', 'declined')),
    result_body TEXT COLLATE "C" NOT NULL,
    received_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX intents_by_result ON intents (org_id, result, id);
