-- Versions that were taken back before they took effect; the version itself stays. `code` is empty for the policy.
CREATE TABLE norm_withdrawals (
    org_id TEXT NOT NULL REFERENCES organisations (id),
    kind TEXT NOT NULL CHECK (kind IN ('template', 'policy')),
    code TEXT NOT NULL,
    version BIGINT NOT NULL,
    withdrawn_at_ms BIGINT NOT NULL,
    withdrawn_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (org_id, kind, code, version),
    FOREIGN KEY (org_id, withdrawn_by) REFERENCES users (org_id, id)
);

CREATE TRIGGER norm_withdrawals_no_update BEFORE UPDATE ON norm_withdrawals BEGIN
    SELECT RAISE(ABORT, 'immutable: norm_withdrawals');
END;
CREATE TRIGGER norm_withdrawals_no_delete BEFORE DELETE ON norm_withdrawals BEGIN
    SELECT RAISE(ABORT, 'immutable: norm_withdrawals');
END;
