-- What of a sealed batch was durable once its first part was written, as the receipt says it; absent in older rows.
ALTER TABLE batch_seals ADD COLUMN held TEXT;

-- SHA-256 of refused bytes, which their id does not always tell; absent in older rows.
ALTER TABLE quarantine ADD COLUMN sha256 TEXT;
DROP TRIGGER quarantine_no_update;
CREATE TRIGGER quarantine_no_update BEFORE UPDATE ON quarantine WHEN NOT (NEW.visit_id IS NOT DISTINCT FROM OLD.visit_id
    AND NEW.sha256 IS NOT DISTINCT FROM OLD.sha256
    AND (NEW.org_id, NEW.id, NEW.kind, NEW.device_id, NEW.code, NEW.bytes, NEW.received_at_ms)
      = (OLD.org_id, OLD.id, OLD.kind, OLD.device_id, OLD.code, OLD.bytes, OLD.received_at_ms))
BEGIN
    SELECT RAISE(ABORT, 'immutable: quarantine');
END;

-- What phones brought while they were suspended, and what they sealed once they were revoked.
CREATE TABLE device_marks_with_seals (
    org_id TEXT NOT NULL,
    device_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('doc', 'intent', 'statement', 'blob', 'seal')),
    item TEXT NOT NULL,
    code TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, device_id, kind, item),
    FOREIGN KEY (org_id, device_id) REFERENCES devices (org_id, id)
);
INSERT INTO device_marks_with_seals SELECT org_id, device_id, kind, item, code, at_ms FROM device_marks;
DROP TABLE device_marks;
ALTER TABLE device_marks_with_seals RENAME TO device_marks;
