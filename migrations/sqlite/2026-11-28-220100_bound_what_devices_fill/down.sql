DROP INDEX restore_gaps_by_device;

DROP INDEX quarantine_by_device;
CREATE INDEX quarantine_by_device ON quarantine (org_id, device_id);
