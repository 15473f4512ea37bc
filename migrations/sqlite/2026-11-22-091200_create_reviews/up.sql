CREATE TABLE verdicts (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL CHECK (length(id) = 36),
    visit_id TEXT NOT NULL,
    photo_id TEXT,
    body TEXT NOT NULL,
    decision TEXT NOT NULL,
    decided_by TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, visit_id) REFERENCES visits (org_id, id)
);
CREATE INDEX verdicts_by_visit ON verdicts (org_id, visit_id, id);

CREATE TABLE reworks (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL CHECK (length(id) = 36),
    visit_id TEXT NOT NULL,
    body TEXT NOT NULL,
    opened_at_ms BIGINT NOT NULL,
    answered_at_ms BIGINT,
    version BIGINT NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, visit_id) REFERENCES visits (org_id, id)
);
CREATE INDEX reworks_by_visit ON reworks (org_id, visit_id, id);

-- A reviewer's lease on a visit; two never judge the same one at once.
CREATE TABLE review_claims (
    org_id TEXT NOT NULL,
    visit_id TEXT NOT NULL,
    reviewer_id TEXT NOT NULL,
    until_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, visit_id)
);
