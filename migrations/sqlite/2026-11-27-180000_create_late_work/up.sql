-- What a push brought late to a visit, written with it and never changed.
CREATE TABLE late_work (
    org_id TEXT NOT NULL,
    visit_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org_id, visit_id, seq),
    FOREIGN KEY (org_id, visit_id) REFERENCES visits (org_id, id)
);

-- Whether work that came late counts, as the office decided; append-only.
CREATE TABLE late_decisions (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL CHECK (length(id) = 36),
    visit_id TEXT NOT NULL,
    body TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, visit_id) REFERENCES visits (org_id, id)
);
CREATE INDEX late_decisions_by_visit ON late_decisions (org_id, visit_id, id);

-- How many late records a visit holds by reason, for the list; visits without late work have no row.
CREATE TABLE visit_late_work (
    org_id TEXT NOT NULL,
    visit_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    undecided_count BIGINT NOT NULL,
    total_count BIGINT NOT NULL,
    PRIMARY KEY (org_id, visit_id, reason),
    FOREIGN KEY (org_id, visit_id) REFERENCES visits (org_id, id)
);
