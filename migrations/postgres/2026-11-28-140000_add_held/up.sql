-- What of a sealed batch was durable once its first part was written, as the receipt says it; absent in older rows.
ALTER TABLE batch_seals ADD COLUMN held TEXT COLLATE "C";

-- SHA-256 of refused bytes, which their id does not always tell; absent in older rows.
ALTER TABLE quarantine ADD COLUMN sha256 TEXT COLLATE "C";
DROP TRIGGER quarantine_no_update ON quarantine;
CREATE TRIGGER quarantine_no_update BEFORE UPDATE ON quarantine FOR EACH ROW
    WHEN (NOT (NEW.visit_id IS NOT DISTINCT FROM OLD.visit_id
    AND NEW.sha256 IS NOT DISTINCT FROM OLD.sha256
    AND (NEW.org_id, NEW.id, NEW.kind, NEW.device_id, NEW.code, NEW.bytes, NEW.received_at_ms)
      = (OLD.org_id, OLD.id, OLD.kind, OLD.device_id, OLD.code, OLD.bytes, OLD.received_at_ms)))
    EXECUTE FUNCTION refuse_change();

-- What phones brought while they were suspended, and what they sealed once they were revoked.
ALTER TABLE device_marks DROP CONSTRAINT device_marks_kind_check;
ALTER TABLE device_marks ADD CONSTRAINT device_marks_kind_check
    CHECK (kind IN ('doc', 'intent', 'statement', 'blob', 'seal'));
