DROP INDEX quarantine_by_visit;
DROP INDEX quarantine_by_time;
ALTER TABLE quarantine DROP COLUMN remark;
ALTER TABLE quarantine DROP COLUMN settled_by;
ALTER TABLE quarantine DROP COLUMN settled_at_ms;
ALTER TABLE quarantine DROP COLUMN version;
ALTER TABLE quarantine DROP COLUMN state;
