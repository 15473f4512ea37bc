-- One row per visit document: what guards and readers need without touching the chunks.
CREATE TABLE documents (
    org_id TEXT COLLATE "C" NOT NULL,
    visit_id TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    heads TEXT COLLATE "C" NOT NULL,
    change_index BYTEA NOT NULL,
    snapshot BYTEA NOT NULL,
    PRIMARY KEY (org_id, visit_id),
    FOREIGN KEY (org_id, visit_id) REFERENCES visits (org_id, id)
);

-- The exact bytes received, one row per accepted push of a document; append-only.
-- `positions` is the feed position of the push per audience: it tells a reader which rows its phone lacks.
CREATE TABLE doc_changes (
    org_id TEXT COLLATE "C" NOT NULL,
    visit_id TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    device_id TEXT COLLATE "C" NOT NULL,
    received_at_ms BIGINT NOT NULL,
    is_document_chunk BOOLEAN NOT NULL,
    positions TEXT COLLATE "C" NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (org_id, visit_id, seq),
    FOREIGN KEY (org_id, visit_id) REFERENCES documents (org_id, visit_id)
);

-- An actor belongs to the first device and document that used it (design section 3.1).
CREATE TABLE doc_actors (
    org_id TEXT COLLATE "C" NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    visit_id TEXT COLLATE "C" NOT NULL,
    device_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, actor)
);
CREATE INDEX doc_actors_by_visit ON doc_actors (org_id, visit_id);

-- Refused bytes, kept whole with code and remedy.
CREATE TABLE quarantine (
    org_id TEXT COLLATE "C" NOT NULL REFERENCES organisations (id),
    id TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('doc', 'intent', 'statement')),
    visit_id TEXT COLLATE "C",
    device_id TEXT COLLATE "C" NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    bytes BYTEA NOT NULL,
    received_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, id, device_id)
);
CREATE INDEX quarantine_by_device ON quarantine (org_id, device_id);

CREATE TABLE batch_seals (
    org_id TEXT COLLATE "C" NOT NULL,
    device_id TEXT COLLATE "C" NOT NULL,
    digest TEXT COLLATE "C" NOT NULL,
    list TEXT COLLATE "C" NOT NULL,
    seal TEXT COLLATE "C" NOT NULL,
    received_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, device_id, digest)
);
