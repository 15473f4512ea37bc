-- Which of several concurrent values counts, as a person decided; append-only.
CREATE TABLE conflict_choices (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL CHECK (length(id) = 36),
    visit_id TEXT NOT NULL,
    body TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, visit_id) REFERENCES visits (org_id, id)
);
CREATE INDEX conflict_choices_by_visit ON conflict_choices (org_id, visit_id, id);

-- How many concurrent values a visit holds, for the inbox; visits without any have no row.
CREATE TABLE visit_conflicts (
    org_id TEXT NOT NULL,
    visit_id TEXT NOT NULL,
    open_count BIGINT NOT NULL,
    total_count BIGINT NOT NULL,
    PRIMARY KEY (org_id, visit_id),
    FOREIGN KEY (org_id, visit_id) REFERENCES visits (org_id, id)
);
