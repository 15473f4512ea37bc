DELETE FROM device_marks WHERE kind = 'seal';
ALTER TABLE device_marks DROP CONSTRAINT device_marks_kind_check;
ALTER TABLE device_marks ADD CONSTRAINT device_marks_kind_check
    CHECK (kind IN ('doc', 'intent', 'statement', 'blob'));

DROP TRIGGER quarantine_no_update ON quarantine;
ALTER TABLE quarantine DROP COLUMN sha256;
CREATE TRIGGER quarantine_no_update BEFORE UPDATE ON quarantine FOR EACH ROW
    WHEN (NOT (NEW.visit_id IS NOT DISTINCT FROM OLD.visit_id
    AND (NEW.org_id, NEW.id, NEW.kind, NEW.device_id, NEW.code, NEW.bytes, NEW.received_at_ms)
      = (OLD.org_id, OLD.id, OLD.kind, OLD.device_id, OLD.code, OLD.bytes, OLD.received_at_ms)))
    EXECUTE FUNCTION refuse_change();

ALTER TABLE batch_seals DROP COLUMN held;
