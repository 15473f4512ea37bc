DROP TRIGGER quarantine_no_update ON quarantine;
ALTER TABLE quarantine DROP COLUMN replays;
CREATE TRIGGER quarantine_no_update BEFORE UPDATE ON quarantine FOR EACH ROW
    WHEN (NOT (NEW.visit_id IS NOT DISTINCT FROM OLD.visit_id
    AND NEW.sha256 IS NOT DISTINCT FROM OLD.sha256
    AND (NEW.org_id, NEW.id, NEW.kind, NEW.device_id, NEW.code, NEW.bytes, NEW.received_at_ms)
      = (OLD.org_id, OLD.id, OLD.kind, OLD.device_id, OLD.code, OLD.bytes, OLD.received_at_ms)))
    EXECUTE FUNCTION refuse_change();
