ALTER TABLE statements DROP COLUMN late_reason;
