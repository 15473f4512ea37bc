-- What the visit documents say, for lists and searches; rebuilt from the documents at any time.
CREATE TABLE visit_photos (
    org_id TEXT NOT NULL,
    visit_id TEXT NOT NULL,
    photo_id TEXT NOT NULL,
    ordinal BIGINT NOT NULL,
    kind TEXT NOT NULL,
    slot TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    media_type TEXT NOT NULL,
    taken_at_ms BIGINT NOT NULL,
    source TEXT NOT NULL,
    taken_by TEXT NOT NULL,
    is_current BOOLEAN NOT NULL,
    PRIMARY KEY (org_id, visit_id, photo_id)
);
CREATE INDEX visit_photos_by_hash ON visit_photos (org_id, sha256);

CREATE TABLE visit_readings (
    org_id TEXT NOT NULL,
    visit_id TEXT NOT NULL,
    reading_id TEXT NOT NULL,
    ordinal BIGINT NOT NULL,
    code TEXT NOT NULL,
    value TEXT NOT NULL,
    unit TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    taken_by TEXT NOT NULL,
    PRIMARY KEY (org_id, visit_id, reading_id)
);

CREATE TABLE visit_answers (
    org_id TEXT NOT NULL,
    visit_id TEXT NOT NULL,
    question TEXT NOT NULL,
    value TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    given_by TEXT NOT NULL,
    PRIMARY KEY (org_id, visit_id, question)
);

CREATE TABLE visit_events (
    org_id TEXT NOT NULL,
    visit_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    ordinal BIGINT NOT NULL,
    event TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    done_by TEXT NOT NULL,
    PRIMARY KEY (org_id, visit_id, event_id)
);
