-- When it was noted that a visit or an intent names a blob. Absent where nothing does, and where nobody has looked since.
ALTER TABLE blobs ADD COLUMN claimed_at_ms BIGINT;
UPDATE blobs SET claimed_at_ms = received_at_ms
    WHERE EXISTS (SELECT 1 FROM blob_claims WHERE blob_claims.org_id = blobs.org_id AND blob_claims.sha256 = blobs.sha256)
    OR EXISTS (SELECT 1 FROM intent_blobs WHERE intent_blobs.org_id = blobs.org_id AND intent_blobs.sha256 = blobs.sha256);

-- What a phone has brought that nothing names is counted in this index alone, and listed by it.
CREATE INDEX blobs_unclaimed ON blobs (org_id, device_id, received_at_ms, sha256, bytes) WHERE claimed_at_ms IS NULL;
