ALTER TABLE quarantine DISABLE TRIGGER quarantine_no_delete;
DELETE FROM quarantine WHERE kind = 'blob';
ALTER TABLE quarantine ENABLE TRIGGER quarantine_no_delete;
ALTER TABLE quarantine DROP CONSTRAINT quarantine_kind_check;
ALTER TABLE quarantine ADD CONSTRAINT quarantine_kind_check CHECK (kind IN ('doc', 'intent', 'statement'));
ALTER TABLE blobs DROP COLUMN is_quarantined;
DROP INDEX quarantine_by_device;
CREATE INDEX quarantine_by_device ON quarantine (org_id, device_id, settled_by, state, LENGTH(bytes));
