-- Visits of which a phone brought something that customers are told (NOT-05).
CREATE TABLE visit_news (
    org_id TEXT NOT NULL,
    visit_id TEXT NOT NULL,
    noted_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, visit_id),
    FOREIGN KEY (org_id, visit_id) REFERENCES visits (org_id, id)
);
