-- What was captured, signed or decided is proof: rows are added, and none is changed or removed.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'immutable: %', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END;
$$;
CREATE TRIGGER intents_no_update BEFORE UPDATE ON intents FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER intents_no_delete BEFORE DELETE ON intents FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER batch_seals_no_update BEFORE UPDATE ON batch_seals FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER batch_seals_no_delete BEFORE DELETE ON batch_seals FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER verdicts_no_update BEFORE UPDATE ON verdicts FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER verdicts_no_delete BEFORE DELETE ON verdicts FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER conflict_choices_no_update BEFORE UPDATE ON conflict_choices FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER conflict_choices_no_delete BEFORE DELETE ON conflict_choices FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER late_work_no_update BEFORE UPDATE ON late_work FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER late_work_no_delete BEFORE DELETE ON late_work FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER late_decisions_no_update BEFORE UPDATE ON late_decisions FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER late_decisions_no_delete BEFORE DELETE ON late_decisions FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Packing moves the bytes of a push into the pack, once; nothing else about a push ever changes.
CREATE TRIGGER doc_changes_no_update BEFORE UPDATE ON doc_changes FOR EACH ROW
    WHEN (NOT (OLD.packed_bytes IS NULL AND NEW.packed_bytes IS NOT NULL
    AND NEW.packed_bytes = length(OLD.bytes) AND length(NEW.bytes) = 0
    AND (NEW.org_id, NEW.visit_id, NEW.seq, NEW.device_id, NEW.received_at_ms, NEW.is_document_chunk, NEW.positions)
      = (OLD.org_id, OLD.visit_id, OLD.seq, OLD.device_id, OLD.received_at_ms, OLD.is_document_chunk, OLD.positions)))
    EXECUTE FUNCTION refuse_change();
CREATE TRIGGER doc_changes_no_delete BEFORE DELETE ON doc_changes FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- A pack only grows.
CREATE TRIGGER doc_packs_no_update BEFORE UPDATE ON doc_packs FOR EACH ROW
    WHEN (NOT (NEW.through_seq > OLD.through_seq AND NEW.content_bytes >= OLD.content_bytes
    AND (NEW.org_id, NEW.visit_id) = (OLD.org_id, OLD.visit_id)))
    EXECUTE FUNCTION refuse_change();
CREATE TRIGGER doc_packs_no_delete BEFORE DELETE ON doc_packs FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- What became of refused bytes is written beside them; they themselves stay.
CREATE TRIGGER quarantine_no_update BEFORE UPDATE ON quarantine FOR EACH ROW
    WHEN (NOT (NEW.visit_id IS NOT DISTINCT FROM OLD.visit_id
    AND (NEW.org_id, NEW.id, NEW.kind, NEW.device_id, NEW.code, NEW.bytes, NEW.received_at_ms)
      = (OLD.org_id, OLD.id, OLD.kind, OLD.device_id, OLD.code, OLD.bytes, OLD.received_at_ms)))
    EXECUTE FUNCTION refuse_change();
CREATE TRIGGER quarantine_no_delete BEFORE DELETE ON quarantine FOR EACH ROW EXECUTE FUNCTION refuse_change();
