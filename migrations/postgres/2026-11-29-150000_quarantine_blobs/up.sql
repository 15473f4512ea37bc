-- Whether a blob counts for nothing until the office says so: only revoked devices have brought it.
ALTER TABLE blobs ADD COLUMN is_quarantined BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE blobs SET is_quarantined = TRUE WHERE EXISTS (
    SELECT 1 FROM devices WHERE devices.org_id = blobs.org_id AND devices.id = blobs.device_id
        AND devices.revoked_at_ms <= blobs.received_at_ms
);

ALTER TABLE quarantine DROP CONSTRAINT quarantine_kind_check;
ALTER TABLE quarantine ADD CONSTRAINT quarantine_kind_check CHECK (kind IN ('doc', 'intent', 'statement', 'blob'));
-- Blobs are told apart where the others are counted, in the index alone.
DROP INDEX quarantine_by_device;
CREATE INDEX quarantine_by_device ON quarantine (org_id, device_id, settled_by, kind, state, LENGTH(bytes));

-- The bytes of a blob stay in its storage; the hash is that of none. The same bytes may be there as a document.
INSERT INTO quarantine (org_id, id, kind, device_id, code, bytes, received_at_ms, sha256)
    SELECT org_id, sha256, 'blob', device_id, 'device_revoked', '', received_at_ms,
        'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
    FROM blobs WHERE is_quarantined
ON CONFLICT DO NOTHING;
