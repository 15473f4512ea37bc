-- Receipts that a visit is complete, one row for each issue; none is changed or removed (triggers below).
CREATE TABLE complete_receipts (
    org_id TEXT NOT NULL,
    visit_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    content_sha256 TEXT NOT NULL CHECK (length(content_sha256) = 64),
    jws TEXT NOT NULL,
    issued_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, visit_id, number),
    FOREIGN KEY (org_id, visit_id) REFERENCES visits (org_id, id)
);

CREATE TRIGGER complete_receipts_no_update BEFORE UPDATE ON complete_receipts BEGIN
    SELECT RAISE(ABORT, 'immutable: complete_receipts');
END;

CREATE TRIGGER complete_receipts_no_delete BEFORE DELETE ON complete_receipts BEGIN
    SELECT RAISE(ABORT, 'immutable: complete_receipts');
END;
