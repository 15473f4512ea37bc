-- What the visit documents say, for lists and searches; rebuilt from the documents at any time.
CREATE TABLE visit_photos (
    org_id TEXT COLLATE "C" NOT NULL,
    visit_id TEXT COLLATE "C" NOT NULL,
    photo_id TEXT COLLATE "C" NOT NULL,
    ordinal BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    slot TEXT COLLATE "C" NOT NULL,
    sha256 TEXT COLLATE "C" NOT NULL,
    bytes BIGINT NOT NULL,
    media_type TEXT COLLATE "C" NOT NULL,
    taken_at_ms BIGINT NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    taken_by TEXT COLLATE "C" NOT NULL,
    is_current BOOLEAN NOT NULL,
    PRIMARY KEY (org_id, visit_id, photo_id)
);
CREATE INDEX visit_photos_by_hash ON visit_photos (org_id, sha256);

CREATE TABLE visit_readings (
    org_id TEXT COLLATE "C" NOT NULL,
    visit_id TEXT COLLATE "C" NOT NULL,
    reading_id TEXT COLLATE "C" NOT NULL,
    ordinal BIGINT NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    unit TEXT COLLATE "C" NOT NULL,
    at_ms BIGINT NOT NULL,
    taken_by TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, visit_id, reading_id)
);

CREATE TABLE visit_answers (
    org_id TEXT COLLATE "C" NOT NULL,
    visit_id TEXT COLLATE "C" NOT NULL,
    question TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    at_ms BIGINT NOT NULL,
    given_by TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, visit_id, question)
);

CREATE TABLE visit_events (
    org_id TEXT COLLATE "C" NOT NULL,
    visit_id TEXT COLLATE "C" NOT NULL,
    event_id TEXT COLLATE "C" NOT NULL,
    ordinal BIGINT NOT NULL,
    event TEXT COLLATE "C" NOT NULL,
    at_ms BIGINT NOT NULL,
    done_by TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, visit_id, event_id)
);
