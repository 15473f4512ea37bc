-- Certificates of people: what their holders may be sent to, from which day to which of the organisation's zone, both
-- included. A row is only withdrawn, never changed otherwise: what somebody was sent to by it stays to be explained.
CREATE TABLE certificates (
    org_id TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL CHECK (length(id) = 36),
    user_id TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    number TEXT COLLATE "C",
    valid_from TEXT COLLATE "C" NOT NULL CHECK (length(valid_from) = 10),
    valid_to TEXT COLLATE "C" NOT NULL CHECK (length(valid_to) = 10),
    noted_by TEXT COLLATE "C" NOT NULL,
    noted_at_ms BIGINT NOT NULL,
    withdrawn_by TEXT COLLATE "C",
    withdrawn_at_ms BIGINT,
    withdraw_reason TEXT COLLATE "C",
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id),
    FOREIGN KEY (org_id, noted_by) REFERENCES users (org_id, id),
    FOREIGN KEY (org_id, withdrawn_by) REFERENCES users (org_id, id)
);
CREATE INDEX certificates_by_user ON certificates (org_id, user_id, id);
