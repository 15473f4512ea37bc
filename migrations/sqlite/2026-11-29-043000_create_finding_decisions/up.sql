-- What people say of findings: rows are added, the newest counts. Each keeps what was found then, so that thresholds can be
-- fitted to what people say whatever is found later.
CREATE TABLE finding_decisions (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL CHECK (length(id) = 36),
    visit_id TEXT NOT NULL,
    photo_id TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    code TEXT NOT NULL,
    level BIGINT NOT NULL,
    evidence TEXT NOT NULL,
    decision TEXT NOT NULL CHECK (decision IN ('confirmed', 'dismissed')),
    comment TEXT,
    decided_by TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX finding_decisions_by_visit ON finding_decisions (org_id, visit_id, photo_id, code);
CREATE TRIGGER finding_decisions_no_update BEFORE UPDATE ON finding_decisions BEGIN
    SELECT RAISE(ABORT, 'immutable: finding_decisions');
END;
CREATE TRIGGER finding_decisions_no_delete BEFORE DELETE ON finding_decisions BEGIN
    SELECT RAISE(ABORT, 'immutable: finding_decisions');
END;
