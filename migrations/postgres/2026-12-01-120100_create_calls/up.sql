-- Calls that went out through the bridge and were recorded, as it told them; only added to (INS-35).
CREATE TABLE calls (
    org_id TEXT COLLATE "C" NOT NULL,
    -- The bridge's own name of the call.
    call_id TEXT COLLATE "C" NOT NULL,
    visit_id TEXT COLLATE "C",
    work_order_id TEXT COLLATE "C",
    rep_id TEXT COLLATE "C" NOT NULL,
    started_at_ms BIGINT NOT NULL,
    duration_secs BIGINT NOT NULL,
    result TEXT COLLATE "C" NOT NULL CHECK (result IN ('reached', 'no_answer', 'refused', 'wrong_number')),
    recording_ref TEXT COLLATE "C",
    told_by TEXT COLLATE "C" NOT NULL,
    told_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, call_id),
    FOREIGN KEY (org_id, visit_id) REFERENCES visits (org_id, id),
    FOREIGN KEY (org_id, work_order_id) REFERENCES work_orders (org_id, id),
    FOREIGN KEY (org_id, rep_id) REFERENCES users (org_id, id),
    FOREIGN KEY (org_id, told_by) REFERENCES users (org_id, id)
);
CREATE INDEX calls_by_visit ON calls (org_id, visit_id);
CREATE INDEX calls_by_work_order ON calls (org_id, work_order_id);

CREATE TRIGGER calls_no_update BEFORE UPDATE ON calls FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER calls_no_delete BEFORE DELETE ON calls FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER calls_no_truncate BEFORE TRUNCATE ON calls FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
