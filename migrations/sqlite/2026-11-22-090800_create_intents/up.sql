CREATE TABLE intents (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL CHECK (length(id) = 36),
    device_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    bytes BLOB NOT NULL,
    sha256 TEXT NOT NULL,
    result TEXT NOT NULL CHECK (result IN ('accepted', 'needs_office', 'declined')),
    result_body TEXT NOT NULL,
    received_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX intents_by_result ON intents (org_id, result, id);
