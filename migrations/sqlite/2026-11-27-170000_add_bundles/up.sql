-- Keys of the server: access tokens (rotated away), evidence and sealed bundles (never removed).
CREATE TABLE signing_keys_with_bundle (
    kid TEXT NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL CHECK (purpose IN ('access', 'evidence', 'bundle')),
    public_key BLOB NOT NULL,
    private_key BLOB NOT NULL,
    created_at_ms BIGINT NOT NULL,
    retired_at_ms BIGINT,
    revoked_at_ms BIGINT
);
INSERT INTO signing_keys_with_bundle
    SELECT kid, purpose, public_key, private_key, created_at_ms, retired_at_ms, revoked_at_ms FROM signing_keys;
DROP TABLE signing_keys;
ALTER TABLE signing_keys_with_bundle RENAME TO signing_keys;

-- Receipts for work that somebody else brought, until its device has them: one for each request, and for the blobs.
CREATE TABLE kept_receipts (
    org_id TEXT NOT NULL,
    device_id TEXT NOT NULL,
    part TEXT NOT NULL,
    sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
    jws TEXT NOT NULL,
    made_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, device_id, part),
    FOREIGN KEY (org_id, device_id) REFERENCES devices (org_id, id)
);

-- Since when receipts wait for the device; read with it in every sync, so they cost no query of their own.
ALTER TABLE devices ADD COLUMN receipts_kept_at_ms BIGINT;
