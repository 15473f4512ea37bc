-- Tables of many small rows under a key of several columns become their own index: one tree to write and to read instead
-- of two, and the key stored once. A push writes some forty such rows a visit.
CREATE TABLE visit_photos_new (
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
) WITHOUT ROWID;
INSERT INTO visit_photos_new (org_id, visit_id, photo_id, ordinal, kind, slot, sha256, bytes, media_type, taken_at_ms, source, taken_by, is_current)
SELECT org_id, visit_id, photo_id, ordinal, kind, slot, sha256, bytes, media_type, taken_at_ms, source, taken_by, is_current FROM visit_photos;
DROP TABLE visit_photos;
ALTER TABLE visit_photos_new RENAME TO visit_photos;
CREATE INDEX visit_photos_by_hash ON visit_photos (org_id, sha256);

CREATE TABLE visit_readings_new (
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
) WITHOUT ROWID;
INSERT INTO visit_readings_new (org_id, visit_id, reading_id, ordinal, code, value, unit, at_ms, taken_by)
SELECT org_id, visit_id, reading_id, ordinal, code, value, unit, at_ms, taken_by FROM visit_readings;
DROP TABLE visit_readings;
ALTER TABLE visit_readings_new RENAME TO visit_readings;

CREATE TABLE visit_answers_new (
    org_id TEXT NOT NULL,
    visit_id TEXT NOT NULL,
    question TEXT NOT NULL,
    value TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    given_by TEXT NOT NULL,
    PRIMARY KEY (org_id, visit_id, question)
) WITHOUT ROWID;
INSERT INTO visit_answers_new (org_id, visit_id, question, value, at_ms, given_by)
SELECT org_id, visit_id, question, value, at_ms, given_by FROM visit_answers;
DROP TABLE visit_answers;
ALTER TABLE visit_answers_new RENAME TO visit_answers;

CREATE TABLE visit_events_new (
    org_id TEXT NOT NULL,
    visit_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    ordinal BIGINT NOT NULL,
    event TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    done_by TEXT NOT NULL,
    err_ms BIGINT,
    PRIMARY KEY (org_id, visit_id, event_id)
) WITHOUT ROWID;
INSERT INTO visit_events_new (org_id, visit_id, event_id, ordinal, event, at_ms, done_by, err_ms)
SELECT org_id, visit_id, event_id, ordinal, event, at_ms, done_by, err_ms FROM visit_events;
DROP TABLE visit_events;
ALTER TABLE visit_events_new RENAME TO visit_events;

CREATE TABLE visit_statements_new (
    org_id TEXT NOT NULL,
    visit_id TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (org_id, visit_id, digest)
) WITHOUT ROWID;
INSERT INTO visit_statements_new (org_id, visit_id, digest)
SELECT org_id, visit_id, digest FROM visit_statements;
DROP TABLE visit_statements;
ALTER TABLE visit_statements_new RENAME TO visit_statements;

CREATE TABLE blob_claims_new (
    org_id TEXT NOT NULL,
    visit_id TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    source TEXT NOT NULL CHECK (source IN ('photo', 'statement')),
    is_required BOOLEAN NOT NULL,
    PRIMARY KEY (org_id, visit_id, sha256, source)
) WITHOUT ROWID;
INSERT INTO blob_claims_new (org_id, visit_id, sha256, source, is_required)
SELECT org_id, visit_id, sha256, source, is_required FROM blob_claims;
DROP TABLE blob_claims;
ALTER TABLE blob_claims_new RENAME TO blob_claims;
CREATE INDEX blob_claims_by_hash ON blob_claims (org_id, sha256);

CREATE TABLE doc_actors_new (
    org_id TEXT NOT NULL,
    actor TEXT NOT NULL,
    visit_id TEXT NOT NULL,
    device_id TEXT NOT NULL,
    PRIMARY KEY (org_id, actor)
) WITHOUT ROWID;
INSERT INTO doc_actors_new (org_id, actor, visit_id, device_id)
SELECT org_id, actor, visit_id, device_id FROM doc_actors;
DROP TABLE doc_actors;
ALTER TABLE doc_actors_new RENAME TO doc_actors;
CREATE INDEX doc_actors_by_visit ON doc_actors (org_id, visit_id);
CREATE INDEX doc_actors_by_device ON doc_actors (org_id, device_id);

CREATE TABLE feed_new (
    org_id TEXT NOT NULL,
    audience TEXT NOT NULL,
    kind TEXT NOT NULL,
    item TEXT NOT NULL,
    pos BIGINT NOT NULL,
    entered_pos BIGINT NOT NULL,
    op TEXT NOT NULL CHECK (op IN ('put', 'gone')),
    PRIMARY KEY (org_id, audience, kind, item)
) WITHOUT ROWID;
INSERT INTO feed_new (org_id, audience, kind, item, pos, entered_pos, op)
SELECT org_id, audience, kind, item, pos, entered_pos, op FROM feed;
DROP TABLE feed;
ALTER TABLE feed_new RENAME TO feed;
CREATE UNIQUE INDEX feed_by_pos ON feed (org_id, audience, pos);
CREATE INDEX feed_by_item ON feed (org_id, kind, item);
