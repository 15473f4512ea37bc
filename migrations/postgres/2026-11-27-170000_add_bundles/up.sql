-- Keys of the server: access tokens (rotated away), evidence and sealed bundles (never removed).
ALTER TABLE signing_keys DROP CONSTRAINT signing_keys_purpose_check;
ALTER TABLE signing_keys ADD CONSTRAINT signing_keys_purpose_check
    CHECK (purpose IN ('access', 'evidence', 'bundle'));

-- Receipts for work that somebody else brought, until its device has them: one for each request, and for the blobs.
CREATE TABLE kept_receipts (
    org_id TEXT COLLATE "C" NOT NULL,
    device_id TEXT COLLATE "C" NOT NULL,
    part TEXT COLLATE "C" NOT NULL,
    sha256 TEXT COLLATE "C" NOT NULL CHECK (length(sha256) = 64),
    jws TEXT COLLATE "C" NOT NULL,
    made_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, device_id, part),
    FOREIGN KEY (org_id, device_id) REFERENCES devices (org_id, id)
);

-- Since when receipts wait for the device; read with it in every sync, so they cost no query of their own.
ALTER TABLE devices ADD COLUMN receipts_kept_at_ms BIGINT;
