CREATE TABLE audit_events (
    org_id TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL CHECK (length(id) = 36),
    at_ms BIGINT NOT NULL,
    actor_id TEXT COLLATE "C",
    device_id TEXT COLLATE "C",
    kind TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    detail TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX audit_events_by_subject ON audit_events (org_id, subject, id);
