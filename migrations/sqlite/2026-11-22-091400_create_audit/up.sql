CREATE TABLE audit_events (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL CHECK (length(id) = 36),
    at_ms BIGINT NOT NULL,
    actor_id TEXT,
    device_id TEXT,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX audit_events_by_subject ON audit_events (org_id, subject, id);
