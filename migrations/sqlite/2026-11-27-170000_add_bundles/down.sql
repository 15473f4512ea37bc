ALTER TABLE devices DROP COLUMN receipts_kept_at_ms;
DROP TABLE kept_receipts;
CREATE TABLE signing_keys_without_bundle (
    kid TEXT NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL CHECK (purpose IN ('access', 'evidence')),
    public_key BLOB NOT NULL,
    private_key BLOB NOT NULL,
    created_at_ms BIGINT NOT NULL,
    retired_at_ms BIGINT,
    revoked_at_ms BIGINT
);
INSERT INTO signing_keys_without_bundle
    SELECT kid, purpose, public_key, private_key, created_at_ms, retired_at_ms, revoked_at_ms FROM signing_keys
    WHERE purpose <> 'bundle';
DROP TABLE signing_keys;
ALTER TABLE signing_keys_without_bundle RENAME TO signing_keys;
