-- Whether a blob counts for nothing until the office says so: only revoked devices have brought it.
ALTER TABLE blobs ADD COLUMN is_quarantined BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE blobs SET is_quarantined = TRUE WHERE EXISTS (
    SELECT 1 FROM devices WHERE devices.org_id = blobs.org_id AND devices.id = blobs.device_id
        AND devices.revoked_at_ms <= blobs.received_at_ms
);

-- SQLite changes no check of a table that is there.
CREATE TABLE quarantine_anew (
    org_id TEXT NOT NULL REFERENCES organisations (id),
    id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('doc', 'intent', 'statement', 'blob')),
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
    FROM quarantine;
DROP TABLE quarantine;
ALTER TABLE quarantine_anew RENAME TO quarantine;
-- Blobs are told apart where the others are counted, in the index alone.
CREATE INDEX quarantine_by_device ON quarantine (org_id, device_id, settled_by, kind, state, LENGTH(bytes));
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

-- The bytes of a blob stay in its storage; the hash is that of none. The same bytes may be there as a document.
INSERT OR IGNORE INTO quarantine (org_id, id, kind, device_id, code, bytes, received_at_ms, sha256)
    SELECT org_id, sha256, 'blob', device_id, 'device_revoked', X'', received_at_ms,
        'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
    FROM blobs WHERE is_quarantined;
