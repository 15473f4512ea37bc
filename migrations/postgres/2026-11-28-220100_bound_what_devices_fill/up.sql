-- What a device has in quarantine is counted before it gets more: from this index alone on SQLite, where the bytes of an
-- item would be read for their length.
DROP INDEX quarantine_by_device;
CREATE INDEX quarantine_by_device ON quarantine (org_id, device_id, settled_by, state, LENGTH(bytes));

-- So is what it misses since a restore.
CREATE INDEX restore_gaps_by_device ON restore_gaps (org_id, device_id);
