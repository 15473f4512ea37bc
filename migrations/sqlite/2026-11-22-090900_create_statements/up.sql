-- Sealed bytes, stored as received; nothing changes or removes them (triggers below).
CREATE TABLE statements (
    org_id TEXT NOT NULL,
    digest TEXT NOT NULL CHECK (length(digest) = 64),
    visit_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    body BLOB NOT NULL,
    seal TEXT NOT NULL,
    device_id TEXT NOT NULL,
    received_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, digest)
);
CREATE INDEX statements_by_visit ON statements (org_id, visit_id);

CREATE TRIGGER statements_no_update BEFORE UPDATE ON statements BEGIN
    SELECT RAISE(ABORT, 'immutable: statements');
END;

CREATE TRIGGER statements_no_delete BEFORE DELETE ON statements BEGIN
    SELECT RAISE(ABORT, 'immutable: statements');
END;
