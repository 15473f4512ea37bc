CREATE TABLE quarantine_anew (
    org_id TEXT NOT NULL REFERENCES organisations (id),
    id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('doc', 'intent', 'statement')),
    visit_id TEXT,
    device_id TEXT NOT NULL,
    code TEXT NOT NULL,
    bytes BLOB NOT NULL,
    received_at_ms BIGINT NOT NULL,
    state TEXT NOT NULL DEFAULT 'open'
        CHECK (state IN ('open', 'redriven', 'replayed', 'salvaged', 'dismissed')),
    version BIGINT NOT NULL DEFAULT 1,
    settled_at_ms BIGINT,
    settled_by TEXT,
    remark TEXT,
    sha256 TEXT,
    PRIMARY KEY (org_id, id, device_id)
);
INSERT INTO quarantine_anew SELECT org_id, id, kind, visit_id, device_id, code, bytes, received_at_ms, state, version,
        settled_at_ms, settled_by, remark, sha256
    FROM quarantine WHERE kind <> 'blob';
DROP TABLE quarantine;
ALTER TABLE quarantine_anew RENAME TO quarantine;
CREATE INDEX quarantine_by_device ON quarantine (org_id, device_id, settled_by, state, LENGTH(bytes));
CREATE INDEX quarantine_by_time ON quarantine (org_id, received_at_ms, id, device_id);
CREATE INDEX quarantine_by_visit ON quarantine (org_id, visit_id);
CREATE TRIGGER quarantine_no_update BEFORE UPDATE ON quarantine WHEN NOT (NEW.visit_id IS NOT DISTINCT FROM OLD.visit_id
    AND NEW.sha256 IS NOT DISTINCT FROM OLD.sha256
    AND (NEW.org_id, NEW.id, NEW.kind, NEW.device_id, NEW.code, NEW.bytes, NEW.received_at_ms)
      = (OLD.org_id, OLD.id, OLD.kind, OLD.device_id, OLD.code, OLD.bytes, OLD.received_at_ms))
BEGIN
    SELECT RAISE(ABORT, 'immutable: quarantine');
END;
CREATE TRIGGER quarantine_no_delete BEFORE DELETE ON quarantine BEGIN
    SELECT RAISE(ABORT, 'immutable: quarantine');
END;
ALTER TABLE blobs DROP COLUMN is_quarantined;
