-- Certificates of people: what their holders may be sent to, from which day to which of the organisation's zone, both
-- included. A row is only withdrawn, never changed otherwise: what somebody was sent to by it stays to be explained.
CREATE TABLE certificates (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL CHECK (length(id) = 36),
    user_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    number TEXT,
    valid_from TEXT NOT NULL CHECK (length(valid_from) = 10),
    valid_to TEXT NOT NULL CHECK (length(valid_to) = 10),
    noted_by TEXT NOT NULL,
    noted_at_ms BIGINT NOT NULL,
    withdrawn_by TEXT,
    withdrawn_at_ms BIGINT,
    withdraw_reason TEXT,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id),
    FOREIGN KEY (org_id, noted_by) REFERENCES users (org_id, id),
    FOREIGN KEY (org_id, withdrawn_by) REFERENCES users (org_id, id)
);
CREATE INDEX certificates_by_user ON certificates (org_id, user_id, id);
