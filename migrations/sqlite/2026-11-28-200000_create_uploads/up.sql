-- Uploads that go on where they stopped (tus 1.0). How far one has come stands in the storage, never here.
CREATE TABLE uploads (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL CHECK (length(id) = 36),
    device_id TEXT NOT NULL,
    -- What the sender says it will be; empty where it says nothing.
    photo_id TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    -- Absent until the sender knows it.
    length_bytes BIGINT,
    -- As sent.
    metadata TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'finished', 'terminated', 'expired')),
    -- The blob it became.
    blob_sha256 TEXT CHECK ((blob_sha256 IS NOT NULL) = (state = 'finished')),
    created_at_ms BIGINT NOT NULL,
    touched_at_ms BIGINT NOT NULL,
    ended_at_ms BIGINT CHECK ((ended_at_ms IS NULL) = (state = 'open')),
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, device_id) REFERENCES devices (org_id, id)
);
CREATE INDEX uploads_by_content ON uploads (org_id, device_id, sha256, photo_id);
CREATE INDEX uploads_by_device ON uploads (org_id, device_id, state);
CREATE INDEX uploads_by_touch ON uploads (state, touched_at_ms);
