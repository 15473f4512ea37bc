CREATE TABLE device_marks_without_seals (
    org_id TEXT NOT NULL,
    device_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('doc', 'intent', 'statement', 'blob')),
    item TEXT NOT NULL,
    code TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, device_id, kind, item),
    FOREIGN KEY (org_id, device_id) REFERENCES devices (org_id, id)
);
INSERT INTO device_marks_without_seals
    SELECT org_id, device_id, kind, item, code, at_ms FROM device_marks WHERE kind <> 'seal';
DROP TABLE device_marks;
ALTER TABLE device_marks_without_seals RENAME TO device_marks;

DROP TRIGGER quarantine_no_update;
ALTER TABLE quarantine DROP COLUMN sha256;
CREATE TRIGGER quarantine_no_update BEFORE UPDATE ON quarantine WHEN NOT (NEW.visit_id IS NOT DISTINCT FROM OLD.visit_id
    AND (NEW.org_id, NEW.id, NEW.kind, NEW.device_id, NEW.code, NEW.bytes, NEW.received_at_ms)
      = (OLD.org_id, OLD.id, OLD.kind, OLD.device_id, OLD.code, OLD.bytes, OLD.received_at_ms))
BEGIN
    SELECT RAISE(ABORT, 'immutable: quarantine');
END;

ALTER TABLE batch_seals DROP COLUMN held;
