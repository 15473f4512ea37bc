DROP TABLE restore_gaps;
ALTER TABLE store_epoch DROP COLUMN backup_made_at_ms;
ALTER TABLE store_epoch DROP COLUMN previous_id;
