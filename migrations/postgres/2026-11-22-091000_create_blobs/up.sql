CREATE TABLE blobs (
    org_id TEXT COLLATE "C" NOT NULL,
    sha256 TEXT COLLATE "C" NOT NULL CHECK (length(sha256) = 64),
    bytes BIGINT NOT NULL,
    media_type TEXT COLLATE "C" NOT NULL,
    device_id TEXT COLLATE "C" NOT NULL,
    received_at_ms BIGINT NOT NULL,
    preview_state TEXT COLLATE "C" NOT NULL CHECK (preview_state IN ('none', 'pending', 'ready', 'no_preview')),
    preview_reason TEXT COLLATE "C",
    PRIMARY KEY (org_id, sha256)
);

-- Which blobs a visit or statement names: a claim makes a blob readable, a missing one makes the visit incomplete.
CREATE TABLE blob_claims (
    org_id TEXT COLLATE "C" NOT NULL,
    visit_id TEXT COLLATE "C" NOT NULL,
    sha256 TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL CHECK (source IN ('photo', 'statement')),
    is_required BOOLEAN NOT NULL,
    PRIMARY KEY (org_id, visit_id, sha256, source)
);
CREATE INDEX blob_claims_by_hash ON blob_claims (org_id, sha256);
