-- Versions that were taken back before they took effect; the version itself stays. `code` is empty for the policy.
CREATE TABLE norm_withdrawals (
    org_id TEXT COLLATE "C" NOT NULL REFERENCES organisations (id),
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('template', 'policy')),
    code TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    withdrawn_at_ms BIGINT NOT NULL,
    withdrawn_by TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, kind, code, version),
    FOREIGN KEY (org_id, withdrawn_by) REFERENCES users (org_id, id)
);

CREATE TRIGGER norm_withdrawals_no_update BEFORE UPDATE ON norm_withdrawals FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER norm_withdrawals_no_delete BEFORE DELETE ON norm_withdrawals FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER norm_withdrawals_no_truncate BEFORE TRUNCATE ON norm_withdrawals FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
